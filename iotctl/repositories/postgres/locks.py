"""The numbers of the advisory locks, and what each lock protects."""

from __future__ import annotations

# Two numbers that other programs on the server are unlikely to use: 'iotc' in ASCII, and the kind of lock.
ADVISORY_CLASS = 0x696F7463
SCHEMA_LOCK, CLAIM_LOCK, NOTIFY_LOCK, SUMMARY_LOCK, CHUNK_LOCK = 1, 3, 4, 5, 6
# Locks that live as long as a session: a claim on extents, a file being loaded, a run.
CLAIM_CLASS, FILE_CLASS, RUN_CLASS = ADVISORY_CLASS + 1, ADVISORY_CLASS + 2, ADVISORY_CLASS + 4
# A sensor, while its events are saved, until the transaction ends.
EVENTS_CLASS = ADVISORY_CLASS + 3
# Shows the workers of a cluster that they use the same database as the command; for a session.
BEACON_CLASS = ADVISORY_CLASS + 5
