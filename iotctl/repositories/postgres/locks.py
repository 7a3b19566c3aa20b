"""The numbers of PostgreSQL's advisory locks that we take, and what each one guards."""

from __future__ import annotations

# Any two numbers that other programs on the same server are unlikely to take: 'iotc' in ASCII, and what is locked.
ADVISORY_CLASS = 0x696F7463
SCHEMA_LOCK, CLAIM_LOCK, NOTIFY_LOCK, SUMMARY_LOCK, CHUNK_LOCK = 1, 3, 4, 5, 6
# Locks that live as long as a session: a claim on extents, a file being loaded, a run.
CLAIM_CLASS, FILE_CLASS, RUN_CLASS = ADVISORY_CLASS + 1, ADVISORY_CLASS + 2, ADVISORY_CLASS + 4
# A sensor whose events are being saved; until the transaction ends.
EVENTS_CLASS = ADVISORY_CLASS + 3
# Shows the workers of a cluster that they are in the same database as the command; as long as a session.
BEACON_CLASS = ADVISORY_CLASS + 5
