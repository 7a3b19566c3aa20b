"""Mistakes that people make with the command, as tables: what they type, and what has to be said."""
