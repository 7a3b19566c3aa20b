"""The embedded server: a real PostgreSQL in the user's data directory, for those who have none."""

from iotctl.repositories.embedded.server import embedded_database

__all__ = ["embedded_database"]
