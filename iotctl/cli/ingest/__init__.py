"""What an ingest listens to and tells: signals that end it, its summary, the rounds of a watch, metrics."""
