"""This process: its streams, its memory, and who called it."""
