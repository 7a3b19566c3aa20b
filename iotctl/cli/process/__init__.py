"""This process: its streams, memory and caller."""
