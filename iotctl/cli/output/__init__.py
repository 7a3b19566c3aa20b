"""What is printed, written and drawn: rows, readings, events, charts, lines on stderr."""
