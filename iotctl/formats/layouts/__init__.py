"""Layouts: which fields of a file's records are time, sensor and value, and the files that say so."""
