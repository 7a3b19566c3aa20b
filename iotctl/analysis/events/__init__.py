"""Odd rows as events: which belong together, of which kind they are, and a sentence for each."""
