"""Events of several sensors with one cause, and what people are told."""
