"""The layout of any PostgreSQL without TimescaleDB's columnstore: segments of a sensor's readings, as arrays."""
