"""Where files lie: object stores and local folders behind one small protocol."""
