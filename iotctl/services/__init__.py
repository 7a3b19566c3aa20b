"""The use cases: one module for each thing that iotctl does, such as ingest, query or detect."""
