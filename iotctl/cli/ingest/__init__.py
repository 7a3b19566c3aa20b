"""What an ingest tells: its summary, the rounds of a watch, metrics."""
