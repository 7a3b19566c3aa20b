"""The layout of any PostgreSQL without TimescaleDB's columnstore: stretches of a sensor's readings as arrays."""
