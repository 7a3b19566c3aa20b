"""What a look at a file gives: a layout, what it was made from, and what is in doubt."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from iotctl.formats.layouts.layout import Layout
from iotctl.formats.proposal.table import ColumnType


@dataclass(frozen=True, slots=True)
class Hints:
    """What a person tells of a file that it does not say itself.

    timezone: of times that name none. day_first: whether the day stands before the month; None where not told.
    nulls: texts that mean no value. sensor: a pattern of names, as in a layout. decimal: the sign before decimals.
    """

    timezone: str | None = None
    day_first: bool | None = None
    nulls: tuple[str, ...] = ()
    sensor: str | None = None
    encoding: str | None = None
    decimal: str | None = None


class Weight(StrEnum):
    """How much it matters that something is open."""

    NOTE = "note"  # a person may want to know, or to choose otherwise
    DOUBT = "doubt"  # readings may mean something else: auto leaves the file alone
    NEEDED = "needed"  # no layout can be proposed before it is settled


@dataclass(frozen=True, slots=True)
class Doubt:
    """What the file leaves open. option: settles it; empty where only an edited layout does."""

    text: str
    option: str = ""
    weight: Weight = Weight.DOUBT

    @property
    def blocks(self) -> bool:
        """Whether no layout can be proposed before it is settled."""
        return self.weight is Weight.NEEDED


@dataclass(frozen=True, slots=True)
class ColumnView:
    """A column for people. role: what it is in the layout. low, high: of its numbers or times, as they are printed.
    missing: the share of its cells without a value, 0..1.
    """

    name: str
    type: ColumnType
    role: str
    unit: str | None
    low: str
    high: str
    missing: float
    examples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Proposal:
    """layout: None where a doubt blocks it. seen: what the file is, in words, such as its form and encoding.
    rows: of the sample; complete: whether that is the whole file. left_out: field -> why it is no value.
    notes: what is not in doubt, but worth knowing. standard: whether the file is one that needs no layout.
    """

    layout: Layout | None
    seen: tuple[tuple[str, str], ...]
    columns: tuple[ColumnView, ...]
    doubts: tuple[Doubt, ...]
    rows: int
    complete: bool = True
    left_out: dict[str, str] = field(default_factory=dict)
    notes: tuple[Doubt, ...] = ()
    standard: bool = False
