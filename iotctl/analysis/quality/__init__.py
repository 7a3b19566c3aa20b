"""How good the readings of a sensor are."""
