"""Batches of readings of every kind: steps of each width, runs, gaps; every bit pattern of a float."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from hypothesis import strategies as st
from numpy.random import Generator
from numpy.typing import NDArray

Floats = NDArray[np.float64]

SIZES = st.one_of(st.sampled_from([1, 2, 3, 16, 17, 18, 63, 64, 65, 66, 999, 1000]), st.integers(1, 1000))

SPECIAL = np.array(
    [
        *(0, 1 << 63, 1, (1 << 63) + 1, (1 << 52) - 1),  # zeros, denormals
        *(0x7FF << 52, 0xFFF << 52),  # infinities
        *((0x7FF << 52) + 1, (0x7FF8 << 48) + 0xBEEF, (0xFFF << 52) + (1 << 51), 2**64 - 1),  # NaNs with payloads
    ],
    dtype=np.uint64,
).view(np.float64)


def _whole_numbers(noise: Generator, size: int) -> NDArray[np.uint64]:
    return noise.integers(0, 2**64, size, dtype=np.uint64)


def _of_width(noise: Generator, size: int, width: int | NDArray[np.integer]) -> NDArray[np.uint64]:
    """Numbers of at most so many bits."""
    shift = np.broadcast_to(64 - np.asarray(width), size).astype(np.uint64)
    return np.where(shift == 64, np.uint64(0), _whole_numbers(noise, size) >> np.minimum(shift, np.uint64(63)))


def _repeated(noise: Generator, numbers: NDArray[np.uint64], longest: int) -> NDArray[np.uint64]:
    """The same numbers, each so many times at most, cut to as many as there were."""
    return np.repeat(numbers, noise.integers(1, longest + 1, len(numbers)))[: len(numbers)]


WHOLE_NUMBERS: dict[str, Callable[[Generator, int, int], NDArray[np.uint64]]] = {
    "one width": _of_width,
    "any width": lambda noise, size, width: _of_width(noise, size, noise.integers(0, width + 1, size)),
    "runs": lambda noise, size, width: _repeated(noise, _of_width(noise, size, width), 100),
    "short runs": lambda noise, size, width: _repeated(
        noise, _of_width(noise, size, noise.integers(0, width + 1, size)), 3
    ),
    "few among zeros": lambda noise, size, width: _of_width(noise, size, width * (noise.random(size) < 0.02)),
    "alternating": lambda noise, size, width: _of_width(noise, size, width * (np.arange(size) // 40 % 2)),
}

FLOATS: dict[str, Callable[[Generator, int], Floats]] = {
    "any bits": lambda noise, size: _whole_numbers(noise, size).view(np.float64),
    "special": lambda noise, size: noise.choice(SPECIAL, size),
    "noise": lambda noise, size: noise.normal(size=size),
    "decimals": lambda noise, size: np.round(_walk(noise, size), int(noise.integers(0, 4))),
    "counter": lambda noise, size: np.cumsum(noise.integers(0, 3, size)).astype(np.float64),
    "states": lambda noise, size: (noise.random(size) < 0.05).astype(np.float64),
    "constant": lambda noise, size: np.full(size, noise.choice(SPECIAL)),
    "runs": lambda noise, size: _repeated(noise, _whole_numbers(noise, size), 90).view(np.float64),
    "windows": lambda noise, size: _of_changing_windows(noise, size),
    "one that stands out": lambda noise, size: np.where(np.arange(size) == size // 2, noise.normal(), 20.5),
}


def _walk(noise: Generator, size: int) -> Floats:
    walk: Floats = np.cumsum(noise.normal(size=size))
    return walk


def _of_changing_windows(noise: Generator, size: int) -> Floats:
    """Each differs from the one before it in a stretch of bits; the stretch is another one after some floats."""
    changes = np.cumsum(noise.random(size) < 0.05) % size
    width = noise.integers(0, 65, size)[changes]
    shift = (noise.integers(0, 64, size)[changes] % (65 - width)).astype(np.uint64)
    bits: NDArray[np.uint64] = np.bitwise_xor.accumulate(_of_width(noise, size, width) << shift)
    return bits.view(np.float64)


@st.composite
def whole_numbers(draw: st.DrawFn) -> NDArray[np.uint64]:
    """The numbers of a batch, uint64 (n,)."""
    make = draw(st.sampled_from(sorted(WHOLE_NUMBERS)))
    width, size = draw(st.integers(0, 64)), draw(SIZES)
    return WHOLE_NUMBERS[make](np.random.default_rng(draw(st.integers(0, 2**32))), size, width)


@st.composite
def floats(draw: st.DrawFn, sizes: st.SearchStrategy[int] = SIZES) -> Floats:
    """The values of a batch, float64 (n,)."""
    make = draw(st.sampled_from(sorted(FLOATS)))
    return FLOATS[make](np.random.default_rng(draw(st.integers(0, 2**32))), draw(sizes))
