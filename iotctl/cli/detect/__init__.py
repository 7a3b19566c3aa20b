"""What iotctl detect does with sensors of the database, with a file, and with --what-if."""
