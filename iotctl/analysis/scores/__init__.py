"""How odd each row is: components of the score, their tails, and what earlier runs remember of these."""
