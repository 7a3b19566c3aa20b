"""Where tasks run: threads, processes, or the workers of a Dask cluster; none of them knows the command line."""
