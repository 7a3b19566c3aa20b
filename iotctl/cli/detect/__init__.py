"""iotctl detect on sensors of the database, on a file, and with --what-if."""
