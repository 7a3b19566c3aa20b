"""What is made from the program for its documents: reference pages, man pages, a recorded terminal session."""
