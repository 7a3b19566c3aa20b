"""Turns arguments into values: times, rates, layouts, verdicts."""
