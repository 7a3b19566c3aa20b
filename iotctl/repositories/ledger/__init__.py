"""The ledger: which files were loaded and how, what of them was not, and in which runs."""
