"""The proposal for a file: a layout, what it was made from, and the doubts."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from iotctl.formats.layouts.layout import Layout
from iotctl.formats.proposal.table import ColumnType


@dataclass(frozen=True, slots=True)
class Hints:
    """Facts about a file from options.

    timezone: of times without one. day_first: whether the day comes before the month; None if not given.
    nulls: texts that mean no value. sensor: a pattern of names, as in a layout. decimal: the decimal sign.
    """

    timezone: str | None = None
    day_first: bool | None = None
    nulls: tuple[str, ...] = ()
    sensor: str | None = None
    encoding: str | None = None
    decimal: str | None = None


class Weight(StrEnum):
    """How much a doubt matters."""

    NOTE = "note"  # good to know; a person may choose otherwise
    DOUBT = "doubt"  # readings may be wrong: auto does not load the file
    NEEDED = "needed"  # must be settled before a layout can be proposed


@dataclass(frozen=True, slots=True)
class Doubt:
    """A question that the file leaves open. option: what settles it, empty if only an edited layout can."""

    text: str
    option: str = ""
    weight: Weight = Weight.DOUBT

    @property
    def blocks(self) -> bool:
        """Whether it must be settled before a layout can be proposed."""
        return self.weight is Weight.NEEDED

    @property
    def choices(self) -> tuple[str, ...]:
        """The options of the command, one for each answer; none if something else settles it."""
        found = tuple(self.option.split(" or "))
        return found if all(one.startswith("--") for one in found) else ()


@dataclass(frozen=True, slots=True)
class ColumnView:
    """A column for people. role: in the layout. low, high: of its numbers or times, as they are printed.
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
    """layout: None if a doubt blocks it. seen: a description of the file, such as its form and encoding.
    rows: of the sample; complete: whether this is the whole file. left_out: field -> why it is not a value.
    notes: good to know, but not in doubt. standard: whether the file needs no layout.
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
