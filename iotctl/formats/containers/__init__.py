"""Stored bytes to text: compression, encodings, blocks of whole lines, and the type of a file by its content."""
