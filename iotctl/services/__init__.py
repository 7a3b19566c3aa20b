"""The use cases: load the mapping, ingest, query, detect."""
