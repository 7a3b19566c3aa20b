"""Detection: numpy in, numpy out."""
