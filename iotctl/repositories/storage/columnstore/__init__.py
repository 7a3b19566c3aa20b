"""The layout of a TimescaleDB that compresses readings as they arrive."""
