"""What detection found, and what is known of it: events, verdicts, notices, runs, incidents, quality."""
