"""A real Dask scheduler and worker processes on local ports, for tests and benchmarks."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from tests.store import free_port

START_SECONDS = 30.0


class DaskCluster:
    """A scheduler, and one-thread workers with their own settings; their logs are in folder."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self.folder = folder
        self.environment = dict(environment)
        self.address = f"tcp://127.0.0.1:{free_port()}"
        self.workers: list[subprocess.Popen[bytes]] = []
        self._scheduler: subprocess.Popen[bytes] | None = None

    def start_worker(self, **settings: str) -> subprocess.Popen[bytes]:
        """A worker without a nanny, so that it is one process, and is not restarted after a kill."""
        command = ["worker", self.address, "--no-nanny", "--nthreads", "1", "--no-dashboard", "--host", "127.0.0.1"]
        # What Dask's nanny sets for its workers.
        threads = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
        self.workers.append(self._start(f"worker-{len(self.workers)}", command, threads | settings))
        return self.workers[-1]

    def wait_for_workers(self, count: int) -> None:
        from distributed import Client

        with Client(self.address, timeout=START_SECONDS, set_as_default=False) as client:
            client.wait_for_workers(count, timeout=START_SECONDS)

    def kill_scheduler(self) -> None:
        assert self._scheduler is not None
        self._scheduler.kill()
        self._scheduler.wait()

    @property
    def log(self) -> str:
        """The logs of scheduler and workers."""
        return "".join(path.read_text() for path in sorted(self.folder.glob("*.log")))

    def _start(self, name: str, arguments: list[str], settings: dict[str, str]) -> subprocess.Popen[bytes]:
        with (self.folder / f"{name}.log").open("wb") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "dask", *arguments],
                env=self.environment | settings,
                cwd=self.folder,
                stdout=log,
                stderr=log,
            )

    def __enter__(self) -> DaskCluster:
        self.folder.mkdir(parents=True, exist_ok=True)
        host, port = self.address.removeprefix("tcp://").split(":")
        self._scheduler = self._start("scheduler", ["scheduler", "--host", host, "--port", port, "--no-dashboard"], {})
        return self

    def __exit__(self, *_: object) -> None:
        started = [*self.workers, *([self._scheduler] if self._scheduler else [])]
        for process in started:
            process.terminate()
        deadline = time.monotonic() + 5
        for process in started:
            with suppress(subprocess.TimeoutExpired):
                process.wait(max(0.1, deadline - time.monotonic()))
            process.kill()
            process.wait()
