"""What people type, as values: times, rates, layouts, verdicts."""
