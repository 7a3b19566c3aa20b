"""Around an ingest: signals that end it, its summary, the rounds of a watch, metrics."""
