"""Rows of a file before local times become UTC, and their sensors."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from iotctl.sensor_ids import derived_uuid, normal_name

# The sensor of a file without sensors.
_NO_NAME = bytes(16)

_UUID = re.compile(
    r"(?:urn:uuid:)?(\{)?([0-9a-f]{8})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{12})(?(1)\})",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows in file order; all (n,).

    line: int64, from 1; a line may have several rows. sensor: int32, see Sensors. time: int64, microseconds since
    1970-01-01 in UTC, or by the local clock if naive. value: float64.
    """

    line: NDArray[np.int64]
    sensor: NDArray[np.int32]
    time: NDArray[np.int64]
    naive: NDArray[np.bool_]
    value: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.time)

    def __getitem__(self, at: NDArray[np.bool_] | NDArray[np.intp] | slice) -> Rows:
        return Rows(self.line[at], self.sensor[at], self.time[at], self.naive[at], self.value[at])


def joined(pieces: Sequence[Rows]) -> Rows:
    """Pieces one after the other."""
    if len(pieces) == 1:
        return pieces[0]
    return Rows(
        np.concatenate([np.empty(0, dtype=np.int64), *(piece.line for piece in pieces)]),
        np.concatenate([np.empty(0, dtype=np.int32), *(piece.sensor for piece in pieces)]),
        np.concatenate([np.empty(0, dtype=np.int64), *(piece.time for piece in pieces)]),
        np.concatenate([np.empty(0, dtype=np.bool_), *(piece.naive for piece in pieces)]),
        np.concatenate([np.empty(0), *(piece.value for piece in pieces)]),
    )


class Sensors:
    """The sensors of a file, numbered in the order in which they come. UUIDs may be written in any form."""

    takes_any_text = False

    def __init__(self) -> None:
        self._by_text: dict[str, int] = {}
        self._by_uuid: dict[bytes, int] = {}

    def number(self, text: str) -> int:
        """The number of the sensor of a text. Raises ValueError if it is not a UUID."""
        known = self._by_text.get(text)
        if known is None:
            known = self._by_uuid.setdefault(parse_uuid(text), len(self._by_uuid))
            self._by_text[text] = known
        return known

    def numbers(self, texts: Sequence[str]) -> NDArray[np.int32]:
        """The numbers of all texts, -1 if a text is not a UUID; int32 (n,)."""
        known = list(map(self._by_text.get, texts))  # blocks have the same sensors: this saves a twentieth of the time
        if None in known:
            known = list(map(self._number_or_none, texts))
        return np.array(known, dtype=np.int32)

    def number_of(self, uuid: bytes) -> int:
        """The number of a UUID's 16 bytes."""
        return self._by_uuid.setdefault(uuid, len(self._by_uuid))

    def _number_or_none(self, text: str) -> int:
        try:
            return self.number(text)
        except ValueError:
            return -1

    def only(self) -> int:
        """The number of the sensor of a file without sensors."""
        return self.number_of(_NO_NAME)

    def names(self, used: NDArray[np.bool_]) -> tuple[str | None, ...]:
        """The names in the file of the used numbers; empty if it has only UUIDs. used: bool, one per number."""
        return ()

    def units(self, used: NDArray[np.bool_]) -> tuple[str | None, ...]:
        """The units of the used numbers; empty if the file has no units. used: bool, one per number."""
        return ()

    def uuids(self) -> NDArray[np.uint8]:
        """(k, 16): the UUID of each number."""
        return np.frombuffer(b"".join(self._by_uuid), dtype=np.uint8).reshape(-1, 16)


class NamedSensors(Sensors):
    """Sensors with any text as name. If the text is not a UUID, a UUID is derived from it.

    The same text gives the same UUID in every file. Accents may be written in two ways (NFC).
    """

    takes_any_text = True

    def __init__(self) -> None:
        super().__init__()
        self._names: dict[int, str] = {}
        self._units: dict[int, str] = {}

    def number(self, text: str, unit: str | None = None) -> int:
        """The number of the sensor of a text. unit: of its values, if the file has one; its first unit stays.

        Raises ValueError if the text is empty.
        """
        known = self._by_text.get(text)
        if known is None:
            name = normal_name(text)
            if not name:
                raise ValueError("no sensor")
            try:
                known = self.number_of(parse_uuid(name))
            except ValueError:
                known = self.number_of(derived_uuid(name).bytes)
                self._names[known] = name
            self._by_text[text] = known
        if unit:
            self._units.setdefault(known, unit)
        return known

    def unit(self, number: int) -> str | None:
        """The unit of a sensor; None if the file has none."""
        return self._units.get(number)

    def name(self, uuid: bytes) -> str | None:
        """The name of a sensor in the file; None if it has none."""
        named = uuid != _NO_NAME
        return self._names.get(self._by_uuid[uuid], str(UUID(bytes=uuid)) if named else None)

    def names(self, used: NDArray[np.bool_]) -> tuple[str | None, ...]:
        """See Sensors."""
        return tuple(self._names.get(number) for number in np.flatnonzero(used).tolist()) if self._names else ()

    def units(self, used: NDArray[np.bool_]) -> tuple[str | None, ...]:
        """See Sensors."""
        return tuple(self._units.get(number) for number in np.flatnonzero(used).tolist()) if self._units else ()


@lru_cache(maxsize=100_000)  # files have the same sensors
def parse_uuid(text: str) -> bytes:
    """The 16 bytes of a UUID in any usual form: upper case, braces, without dashes, urn:uuid:. Raises ValueError."""
    match = _UUID.fullmatch(text.strip(" \t"))
    if match is None:
        raise ValueError(f"not a UUID: {text[:80]!r}")
    return bytes.fromhex("".join(match.groups()[1:]))
