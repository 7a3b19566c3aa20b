"""Events of many sensors that have one cause."""
