"""Files into the database: which, by whom, batch by batch, and what became of each."""
