"""A real S3 server for tests and benchmarks: `rclone serve s3` on a folder, with keys, on a free local port."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

# Found without an activated environment: the program lies beside the interpreter that runs the tests.
RCLONE = Path(sys.executable).parent / "rclone"

START_SECONDS = 20.0


class S3Server:
    """An S3 server over the folders in root: each top folder is a bucket, and each file below it an object.

    A file written into root by any way shows at once. An object's ETag is a hash of its content.
    """

    def __init__(
        self,
        root: Path,
        access_key: str = "test-key",
        secret_key: str = "test-secret-9tX",
        certificate: Path | None = None,
    ) -> None:
        """certificate: a PEM file with certificate and key, to serve https with."""
        self.root = root
        self.certificate = certificate
        self.access_key = access_key
        self.secret_key = secret_key
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def endpoint_url(self) -> str:
        return f"{'https' if self.certificate else 'http'}://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        """The settings that point the `iotctl` command at this server."""
        return {
            "IOTCTL_S3_ENDPOINT_URL": self.endpoint_url,
            "IOTCTL_S3_ACCESS_KEY": self.access_key,
            "IOTCTL_S3_SECRET_KEY": self.secret_key,
            "IOTCTL_S3_REGION": "us-east-1",
        }

    def put(self, bucket: str, key: str, body: bytes) -> str:
        """Store body under key as a store does, whole or not at all; return its s3:// URI."""
        path = self.root / bucket / key
        path.parent.mkdir(parents=True, exist_ok=True)
        # Outside the buckets, so that no listing ever shows it.
        unfinished = self.root / f".{os.getpid()}.{time.monotonic_ns()}"
        unfinished.write_bytes(body)
        unfinished.replace(path)
        return f"s3://{bucket}/{key}"

    def delete(self, bucket: str, key: str) -> None:
        (self.root / bucket / key).unlink()

    def start(self) -> S3Server:
        """Start the server on its port (the same one after a stop) and wait until it answers."""
        self.root.mkdir(parents=True, exist_ok=True)
        command = [
            *(str(RCLONE), "serve", "s3", str(self.root), "--config", os.devnull),
            *("--addr", f"127.0.0.1:{self.port}", "--auth-key", f"{self.access_key},{self.secret_key}"),
            # No cache: a new file in the folder shows in the next listing.
            *("--vfs-cache-mode", "off", "--dir-cache-time", "0", "--poll-interval", "0"),
            # The ETag needs the whole file read at each request; CRC-32 does that at memory speed, MD5 at 0.6 GB/s.
            *("--etag-hash", "crc32"),
            # Bodies are sent without hashing, which would take five times the processor time.
            "--no-checksum",
            # One plain read() per buffer: read-ahead in chunks costs a copy and two threads on loopback.
            *("--buffer-size", "0", "--vfs-read-chunk-size", "off", "--log-level", "ERROR"),
        ]
        if self.certificate:
            command += ["--cert", str(self.certificate), "--key", str(self.certificate)]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                raise RuntimeError(f"rclone ended with {self._process.returncode}: {' '.join(command)}")
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1):
                return self
            time.sleep(0.02)
        self.kill()
        raise RuntimeError(f"rclone did not listen within {START_SECONDS:.0f} s")

    def stop(self) -> None:
        """Stop the server cleanly, but not for long: it waits for connections that a test left open."""
        if self._process is not None:
            self._process.terminate()
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(5)
            self.kill()

    def kill(self) -> None:
        """Stop the server like a crash: open connections are reset, and nothing more is sent."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(10)
            self._process = None

    def __enter__(self) -> S3Server:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listened on a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
