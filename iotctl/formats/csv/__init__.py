"""Lines of fields: the header, and blocks of lines to rows."""
