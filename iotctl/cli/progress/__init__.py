"""How far work is, on stderr."""
