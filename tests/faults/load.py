"""An ingest as a process, to be killed: python -m tests.faults.load URI WORKERS BATCH_ROWS [LAYOUT].

Prints a line per committed batch, then the rows loaded. Small batches, which the command line does not offer, let a
test end it at many places.
"""

from __future__ import annotations

import sys
import threading
from pathlib import Path

from iotctl.cli.database import open_database
from iotctl.formats import ReadOptions
from iotctl.formats.layouts.layout import STANDARD
from iotctl.formats.layouts.layout_file import read_layouts
from iotctl.model import StoredFile
from iotctl.services.ingest.ingest import IngestRun
from iotctl.services.ingest.load_task import IngestRequest, LoadOptions
from iotctl.services.ingest.progress import Silent
from iotctl.settings import read_settings, store_settings
from iotctl.workers.threads import Threads


class Reporter(Silent):
    def advanced(self, file: StoredFile, done: float, rows: int) -> None:
        print("batch", flush=True)


def main() -> None:
    uri, workers, batch_rows = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    layouts = read_layouts(Path(sys.argv[4]).read_text(), sys.argv[4]) if len(sys.argv) > 4 else (STANDARD,)
    settings = read_settings()
    options = LoadOptions(ReadOptions(batch_rows=batch_rows, block_bytes=64_000, layouts=layouts))
    with open_database(settings) as database, Threads(workers) as threads:
        request = IngestRequest(uri, store_settings(settings), options)
        summary = IngestRun(request, database, threads, Reporter(), threading.Event()).run()
    assert summary.balance.holds
    assert not summary.failed
    print("loaded", summary.balance.loaded)


if __name__ == "__main__":
    main()
