"""Parquet files, read within the memory that was promised."""
