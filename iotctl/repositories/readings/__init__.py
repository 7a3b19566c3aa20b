"""Questions about readings, whatever the layout that they lie in."""
