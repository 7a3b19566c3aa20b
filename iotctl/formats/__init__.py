"""Bytes to column batches: CSV, Parquet, decompression, timestamps and time zones, rejects."""
