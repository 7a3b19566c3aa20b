"""Places where tasks run: threads, processes, or workers of a Dask cluster. They do not use the command line."""
