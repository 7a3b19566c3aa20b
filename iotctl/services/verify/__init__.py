"""The source read again, beside what the table has."""
