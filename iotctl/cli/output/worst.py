"""The worst of many, in bounded memory."""

from __future__ import annotations

import heapq
from typing import Generic, TypeVar

T = TypeVar("T")


class Worst(Generic[T]):
    """Keeps the worst items, at most a given number."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: list[tuple[float, int, T]] = []
        self.given = 0

    def add(self, badness: float, one: T) -> None:
        """Keep an item if it is among the worst; of equal items, the first ones."""
        self.given += 1
        # The second number orders equal items, so that the items themselves are never compared.
        keep = heapq.heappush if len(self._kept) < self._most else heapq.heappushpop
        keep(self._kept, (badness, -self.given, one))

    def kept(self) -> list[T]:
        """The kept items, in no order."""
        return [one for _, _, one in self._kept]
