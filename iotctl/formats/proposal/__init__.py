"""What a file is, and the layout that it seems to have."""
