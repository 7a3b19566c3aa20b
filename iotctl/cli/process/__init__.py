"""This process: its streams, signals and memory, and who called it."""
