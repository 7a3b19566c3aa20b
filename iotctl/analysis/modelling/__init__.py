"""What is expected of a series: seasons about a trend of regimes, and changes that last."""
