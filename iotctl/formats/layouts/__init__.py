"""Layouts: which fields of records are time, sensor and value; and layout files."""
