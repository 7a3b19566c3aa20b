"""Stored bytes to text: compression, encodings, blocks of whole lines; what a file is, by its content."""
