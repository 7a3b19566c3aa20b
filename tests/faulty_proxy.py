"""A TCP proxy to a server that fails as told: it cuts, resets or stalls at a byte of the response."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum

CHUNK = 64 * 1024


class Fault(StrEnum):
    CUT = "cut"  # closes the connection in good order
    RESET = "reset"  # RST, as a crashed machine or a firewall sends it
    STALL = "stall"  # sends nothing more, until the client gives up


@dataclass
class FaultyProxy:
    """Forwards to 127.0.0.1:target. The next `times` connections whose answer passes `after_bytes` end in `fault`.

    only: affects only responses to requests that contain this text.
    """

    target: int
    fault: Fault | None = None
    after_bytes: int = 0
    times: int = 0
    only: bytes = b""
    struck: int = field(default=0, init=False)
    port: int = field(default=0, init=False)
    _stopped: threading.Event = field(default_factory=threading.Event, init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    @property
    def endpoint_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def plan(self, fault: Fault, after_bytes: int, times: int = 1, only: bytes = b"") -> None:
        with self._lock:
            self.fault, self.after_bytes, self.times, self.only, self.struck = fault, after_bytes, times, only, 0

    @contextmanager
    def running(self) -> Iterator[FaultyProxy]:
        with socket.create_server(("127.0.0.1", 0)) as server:
            self.port = server.getsockname()[1]
            threading.Thread(target=self._accept, args=(server,), daemon=True).start()
            yield self
            self._stopped.set()

    def _accept(self, server: socket.socket) -> None:
        with suppress(OSError):
            while True:
                client, _ = server.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with suppress(OSError), client, socket.create_connection(("127.0.0.1", self.target)) as upstream:
            request = bytearray()
            threading.Thread(target=_pump, args=(client, upstream, request), daemon=True).start()
            passed = 0
            while data := upstream.recv(CHUNK):
                room = self.after_bytes - passed
                if len(data) > room and self._strikes(request):
                    client.sendall(data[: max(room, 0)])
                    self._end(client)
                    return
                client.sendall(data)
                passed += len(data)

    def _strikes(self, request: bytearray) -> bool:
        with self._lock:
            if self.fault is None or self.struck >= self.times or self.only not in request:
                return False
            self.struck += 1
            return True

    def _end(self, client: socket.socket) -> None:
        if self.fault is Fault.STALL:
            self._stopped.wait()
        elif self.fault is Fault.RESET:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            client.shutdown(socket.SHUT_RD)  # wakes the other thread, whose recv would keep the socket open
        else:
            client.shutdown(socket.SHUT_RDWR)


def _pump(source: socket.socket, target: socket.socket, latest: bytearray) -> None:
    with suppress(OSError):
        while data := source.recv(CHUNK):
            latest[:] = data
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
