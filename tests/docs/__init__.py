"""Documents that are made from the program: reference pages, man pages, a recorded terminal session."""
