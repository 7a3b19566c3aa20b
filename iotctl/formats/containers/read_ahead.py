"""The blocks of a text, with a look ahead. Some blocks are kept, the rest is read a second time."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator

from iotctl.formats.containers.blocks import Block

_KEPT_BYTES = 2 * 1024 * 1024


class ReadAhead:
    """Gives blocks one by one. reread: reads the blocks from an offset of the text again."""

    def __init__(self, blocks: Iterator[Block], reread: Callable[[int], Iterator[Block]]) -> None:
        self._blocks = blocks
        self._reread = reread
        self._kept: deque[Block] = deque()
        self._ended = False

    def __iter__(self) -> Iterator[Block]:
        while True:
            block = self._kept.popleft() if self._kept else self._next()
            if block is None:
                return
            yield block

    def following(self) -> Iterator[bytes]:
        """The bytes of the next blocks, to the end of the text. Iteration still gives these blocks later."""
        size = 0
        for kept in list(self._kept):
            yield kept.data
            size += len(kept.data)
        while size < _KEPT_BYTES:
            block = self._next()
            if block is None:
                return
            self._kept.append(block)
            yield block.data
            size += len(block.data)
        if not self._ended:
            for block in self._reread(self._kept[-1].end):
                yield block.data

    def _next(self) -> Block | None:
        if self._ended:
            return None
        block = next(self._blocks, None)
        self._ended = block is None
        return block
