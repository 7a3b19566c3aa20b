"""A slow and obvious reader of TimescaleDB's compressed values: bit by bit, in plain Python.

It accepts exactly what the server accepts: it checks all that the server's decompression checks, and also what that
only assumes.
"""

from __future__ import annotations

import struct

WIDTHS = {1: 1, 2: 2, 3: 3, 4: 4, 5: 5, 6: 6, 7: 7, 8: 8, 9: 10, 10: 12, 11: 16, 12: 21, 13: 32, 14: 64}
COUNTS = {1: 64, 2: 32, 3: 21, 4: 16, 5: 12, 6: 10, 7: 9, 8: 8, 9: 6, 10: 5, 11: 4, 12: 3, 13: 2, 14: 1}
RUN = 15


class Value:
    """A value of compressed_data as COPY has it, read from its beginning."""

    def __init__(self, value: bytes) -> None:
        self._left = value
        self.selectors: list[int] = []

    def number(self, bytes_: int) -> int:
        taken, self._left = self._left[:bytes_], self._left[bytes_:]
        assert len(taken) == bytes_, "the value ends too soon"
        return int.from_bytes(taken, "big")

    def words(self, count: int) -> str:
        """The bits of words, the lowest of the first word first."""
        return "".join(f"{self.number(8):064b}"[::-1] for _ in range(count))

    def end(self) -> None:
        assert self._left == b"", "the value goes on after its end"

    def bit_array(self) -> str:
        words, bits_in_last = self.number(4), self.number(1)
        assert words > 0
        assert 1 <= bits_in_last <= 64
        bits = self.words(words)
        used = 64 * (words - 1) + bits_in_last
        assert "1" not in bits[used:]
        return bits[:used]

    def simple8b(self, most: int = 2**64 - 1) -> list[int]:
        """Whole numbers, none above most; the server reads those in as many bits as most has."""
        count, blocks = self.number(4), self.number(4)
        assert count > 0
        assert 0 < blocks <= count
        selector_bits = self.words(-(-blocks // 16))
        assert "1" not in selector_bits[4 * blocks :]
        numbers: list[int] = []
        for block in range(blocks):
            selector = number_of(selector_bits[4 * block : 4 * block + 4])
            self.selectors.append(selector)
            bits = self.words(1)
            assert len(numbers) < count, "a block of nothing"
            if selector == RUN:
                length = number_of(bits[36:])
                assert length > 0
                numbers += [number_of(bits[:36])] * length
                assert len(numbers) <= count, "a run beyond the end"
            else:
                width = WIDTHS[selector]
                assert width <= most.bit_length()
                if most == 1:
                    assert selector == 1
                taken = [number_of(bits[width * at : width * (at + 1)]) for at in range(COUNTS[selector])]
                assert "1" not in bits[width * COUNTS[selector] :]
                numbers += taken
        assert len(numbers) >= count
        assert not any(numbers[count:])
        assert all(number <= most for number in numbers)
        return numbers[:count]


def number_of(bits: str) -> int:
    """A number from its bits, the lowest first; 0 for none."""
    return int(bits[::-1] or "0", 2)


def read_deltadelta(value: bytes) -> list[int]:
    """The whole numbers of a deltadelta value, as int64."""
    reader = Value(value)
    assert reader.number(1) == 4
    assert reader.number(1) == 0, "nulls"
    last, last_step = reader.number(8), reader.number(8)
    number = step = 0
    numbers = []
    for zigzag in reader.simple8b():
        change = -(zigzag + 1) // 2 if zigzag % 2 else zigzag // 2
        step = (step + change) % 2**64
        number = (number + step) % 2**64
        numbers.append(number)
    reader.end()
    assert (number, step) == (last, last_step), "wrong for those who read from the end"
    return [number - 2**64 if number >= 2**63 else number for number in numbers]


def read_gorilla(value: bytes) -> list[int]:
    """The bits of the floats of a gorilla value."""
    reader = Value(value)
    assert reader.number(1) == 3
    assert reader.number(1) == 0, "nulls"
    last = reader.number(8)
    differs = reader.simple8b(most=1)
    begins = reader.simple8b(most=1)
    leading_zeros = reader.bit_array()
    widths = reader.simple8b(most=255)
    xors = reader.bit_array()
    reader.end()
    assert differs[0] == begins[0] == 1
    assert sum(differs) == len(begins)
    assert sum(begins) == len(widths)
    assert len(leading_zeros) == 6 * len(widths)
    number = leading = width = 0
    numbers = []
    for differs_here in differs:
        if differs_here:
            if begins.pop(0):
                leading, leading_zeros = number_of(leading_zeros[:6]), leading_zeros[6:]
                width = widths.pop(0)
                assert 0 < width <= 64 - leading
            number ^= number_of(xors[:width]) << (64 - leading - width)
            xors = xors[width:]
        numbers.append(number)
    assert xors == ""
    assert number == last, "wrong for those who read from the end"
    return numbers


def bits_of(values: list[float]) -> list[int]:
    """The bits of floats, as a number each."""
    return [struct.unpack(">Q", struct.pack(">d", value))[0] for value in values]
