"""The commands, a file each: what they are called with, one service, what they print."""
