"""CSV: the header, and blocks of lines to rows."""
