"""Plan: how long a load of a given size takes, what it needs, and what becomes a limit first.

Every constant was measured (docs/explanation/scaling.md), or is a rule of the manual that is named beside it. Beyond
two cores, one machine and 64 million readings, everything is extrapolated.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from iotctl.model import StorageLayout

# A line of the reference files: 2015-12-31 23:53:00;59b4fd2b-b3c7-43c0-bffc-f661b6aeaacf;-75.33380361808872
LINE_BYTES = 76

# A compressed batch has 1000 readings of a sensor: a chunk should fill some. A chunk with more than this many readings
# (1.5 GB) takes minutes to compact, and blocks loads in the meantime.
FEWEST_PER_SENSOR = 1000
MOST_PER_CHUNK = 100_000_000
USUAL_CHUNK_DAYS = 30.0
_ABOUT = 0.1

# Readings in one commit, from files of half a million readings or from many small ones.
_BATCH_READINGS = 500_000
_MOST_PER_COMPRESSED_BATCH = 1000

# Seconds until the first batch starts; and the part of the cores' time that is used after that.
_START_SECONDS = 0.5
_IN_USE = 0.89

# Processor seconds of detection: 1000 sensors with 63.6 million readings took 117 s on two cores.
_DETECT_SECONDS = 117 * 2 / 63.6e6

# Memory of a worker of ingest; and of detect, for each reading of the current sensor.
_WORKER_BYTES = 200_000_000
_DETECT_BYTES = 357

# `iotctl status` counts every reading.
_COUNT_SECONDS = {StorageLayout.COLUMNSTORE: 2.4e-9, StorageLayout.SEGMENTS: 1.1e-8}

# Bytes of a file's row and its batch's row in the ledger, with indexes.
_FILE_BYTES = 700

# PostgreSQL's manual, 19.5 (WAL): the log between two checkpoints should fit into max_wal_size.
_CHECKPOINT_SECONDS = 300
_MOST_PER_SEGMENT, _MONTH_DAYS = 1000, 365 / 12

# A query over all of time locks chunks, compressed chunks and their indexes; a worker up to 200 files. The shared
# table has room for max_locks_per_transaction * max_connections (manual, 19.12), whose defaults these are.
_LOCKS_PER_PART, _LOCKS_PER_WORKER, _USUAL_LOCKS, _CONNECTIONS = 4, 200, 64, 100

# The bounds from which _breaks() mentions a limit. 1 Gbit/s carries 110 MB/s of files; 20 million readings in a worker
# are 7 GB.
_FEW_TOGETHER = 50
_GIGABIT = 110e6
_LONG_SERIES = 20e6
_MANY_PARTS = 1000
_MANY_FILES = 1e6
_LONG_STATUS = 60.0
_DAY = 86_400.0

_EXACT_DAYS = 10


@dataclass(frozen=True, slots=True)
class Need:
    """The data to store. days: the time from the first to the last reading. cores: of each machine.

    machines: 1 is one machine for everything; otherwise one runs the database, and the others run iotctl.
    """

    rows: int
    sensors: int
    days: float
    cores: int = 2
    machines: int = 1
    rows_per_file: int = 500_000


@dataclass(frozen=True, slots=True)
class Plan:
    """The results for one kind of server, in bytes and seconds. breaks: the limits, the first one first, with advice.

    part_days: the length of chunks; None for segments, which have some thousand readings each.
    """

    layout: StorageLayout
    load_seconds: float
    rows_per_second: float
    reading_bytes: int
    bytes_per_row: float
    ledger_bytes: int
    log_bytes: int
    network_bytes_per_second: float
    part_days: float | None
    parts: int
    workers: int
    client_bytes: int
    detect_seconds: float
    status_seconds: float
    settings: dict[str, str]
    breaks: tuple[str, ...]


def suited_chunk_days(days: float, rows_per_day: float, sensors: int) -> float:
    """The given length of chunks if it suits the data; otherwise a length that does."""
    longest = max(MOST_PER_CHUNK / rows_per_day, 1 / 24)
    shortest = min(FEWEST_PER_SENSOR * max(sensors, 1) / rows_per_day, longest)
    if shortest * (1 - _ABOUT) <= days <= longest * (1 + _ABOUT):
        return days
    return min(max(days, shortest), longest)


def plan(need: Need, layout: StorageLayout) -> Plan:
    """The plan of a need on a layout, COLUMNSTORE or SEGMENTS. It only computes, without a database."""
    together = min(_MOST_PER_COMPRESSED_BATCH, max(1.0, _BATCH_READINGS / need.sensors))
    client, server, bytes_per_row, log_per_row = _costs(layout, together)
    seconds = _START_SECONDS + need.rows * _seconds_a_row(need, client, server)
    rate = need.rows / seconds
    clients = max(1, need.machines - 1)
    workers = need.cores * clients
    rows_per_day = need.rows / need.days
    part_days, parts = None, math.ceil(need.rows / min(_MOST_PER_SEGMENT, rows_per_day * _MONTH_DAYS / need.sensors))
    if layout is StorageLayout.COLUMNSTORE:
        part_days = suited_chunk_days(USUAL_CHUNK_DAYS, rows_per_day, need.sensors)
        parts = math.ceil(need.days / part_days)
    found = Plan(
        layout=layout,
        load_seconds=seconds,
        rows_per_second=rate,
        reading_bytes=round(need.rows * bytes_per_row),
        bytes_per_row=bytes_per_row,
        ledger_bytes=math.ceil(need.rows / need.rows_per_file) * _FILE_BYTES,
        log_bytes=round(rate * log_per_row * min(seconds, _CHECKPOINT_SECONDS)),
        network_bytes_per_second=rate * LINE_BYTES,
        part_days=part_days,
        parts=parts,
        workers=workers,
        client_bytes=_WORKER_BYTES * need.cores,
        detect_seconds=need.rows * _DETECT_SECONDS / workers,
        status_seconds=need.rows * _COUNT_SECONDS[layout],
        settings={},
        breaks=(),
    )
    return _advised(found, need, together)


def _costs(layout: StorageLayout, together: float) -> tuple[float, float, float, float]:
    """Processor seconds of client and server, bytes of disk and of log, all for one reading.

    together: readings of a sensor in a batch. Each compressed batch, or segment, adds a fixed cost.
    """
    if layout is StorageLayout.COLUMNSTORE:
        client, server = 0.26 + 8 / together, 0.45 + 13 / together
        return client * 1e-6, server * 1e-6, 16.3 + 320 / together, 14.2 + 450 / together
    client, server = 0.25 + 10 / together, 0.32 + 19 / together
    return client * 1e-6, server * 1e-6, 16.4 + 285 / together, 12.5 + 715 / together


def _seconds_a_row(need: Need, client: float, server: float) -> float:
    if need.machines == 1:
        return (client + server) / (need.cores * _IN_USE)
    return max(server / need.cores, client / (need.cores * (need.machines - 1))) / _IN_USE


def _advised(found: Plan, need: Need, together: float) -> Plan:
    """The plan with advice for settings, and with its limits."""
    columnstore = found.layout is StorageLayout.COLUMNSTORE
    settings = {
        "IOTCTL_WORKERS": str(found.workers),
        "max_connections": str(max(_CONNECTIONS, found.workers + 20)),
        "max_wal_size": _setting(min(64e9, max(4e9, found.log_bytes))),
        "shared_buffers": "a quarter of the memory",
        "maintenance_work_mem": _setting(1e9),
    }
    chunks = found.parts if columnstore else 0
    locks = math.ceil((_LOCKS_PER_PART * chunks + _LOCKS_PER_WORKER * found.workers) / _CONNECTIONS)
    if locks > _USUAL_LOCKS:
        settings["max_locks_per_transaction"] = str(locks)
    if found.part_days is not None:
        settings["IOTCTL_CHUNK_INTERVAL"] = duration(found.part_days)
    if need.machines > 1:
        settings["IOTCTL_SCHEDULER"] = "tcp://HOST:8786"
    return replace(found, settings=settings, breaks=tuple(_breaks(found, need, together)))


def _breaks(found: Plan, need: Need, together: float) -> list[str]:
    """The limits, the worst first."""
    columnstore = found.layout is StorageLayout.COLUMNSTORE
    said = []
    if together < _FEW_TOGETHER:
        then = (
            "run iotctl compact --full once chunks are complete" if columnstore else "small segments are merged later"
        )
        said.append(
            f"compression: a batch has {together:.0f} readings of a sensor, where 500 or more compress well; {then}"
        )
    if found.network_bytes_per_second > _GIGABIT:
        said.append(
            f"the network: {found.network_bytes_per_second * 8 / 1e9:.1f} Gbit/s from the store; with 1 Gbit/s the load"
            f" takes {span(need.rows * LINE_BYTES / _GIGABIT)}; compressed files (.zst, .gz, Parquet) need less"
        )
    client, server, *_ = _costs(found.layout, together)
    if need.machines > 1 and server > client / (need.machines - 1):
        enough = math.ceil(client / server) + 1
        said.append(
            f"the database: its {need.cores} cores set the pace, and {enough} machines in all keep them busy; more help"
            " detect, not ingest"
        )
    if found.load_seconds > _DAY:
        said.append(
            f"time: the first load takes {span(found.load_seconds)}; it can be stopped and goes on. More"
            " cores for the database, more --machines for the files"
        )
    if need.rows / need.sensors > _LONG_SERIES:
        memory = need.rows / need.sensors * _DETECT_BYTES / 1e9
        said.append(
            f"detect: the whole series of a sensor takes {memory:.0f} GB in a worker; use --start or --since-last"
        )
    if found.detect_seconds > _DAY:
        said.append(
            f"detect --all: {span(found.detect_seconds)} for all readings; --since-last reads only the new ones,"
            " --scheduler shares the work"
        )
    if columnstore and found.parts > _MANY_PARTS:
        said.append(
            f"planning: {found.parts:,} chunks; a query over all of time plans 0.25 ms for each; keep less"
            " (iotctl policy --retain)"
        )
    if need.rows / need.rows_per_file > _MANY_FILES:
        said.append("listing: each run lists and looks up all files, 1,000 a request; use --since or --manifest")
    if found.status_seconds > _LONG_STATUS:
        said.append(f"status: it counts every reading, {span(found.status_seconds)}")
    return said


def span(seconds: float) -> str:
    """Seconds as text: 26 s, 3.5 h."""
    for unit, length in (("days", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.1f} {unit}"
    return f"{seconds:.0f} s" if seconds >= 1 else "less than 1 s"


def duration(days: float) -> str:
    """Days as text for iotctl's settings, rounded by a few per cent at most: 30d, 36h."""
    if days >= _EXACT_DAYS:
        return f"{round(days)}d"
    hours = max(1, round(days * 24))
    return f"{hours}h" if hours % 24 else f"{hours // 24}d"


def _setting(number: float) -> str:
    """Bytes as text for PostgreSQL's settings."""
    return f"{math.ceil(number / 1e9)}GB" if number >= 1e9 else f"{math.ceil(number / 1e6)}MB"
