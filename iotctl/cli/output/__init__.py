"""Output: rows, readings, events, charts, lines on stderr."""
