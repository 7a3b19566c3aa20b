"""Parquet files, read in bounded memory."""
