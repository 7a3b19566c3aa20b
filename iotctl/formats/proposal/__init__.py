"""Recognises the form of a file, and proposes a layout for it."""
