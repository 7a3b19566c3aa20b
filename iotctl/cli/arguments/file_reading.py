"""The options that say how files are to be read: of ingest, and of detect --input."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import typer

from iotctl.cli.arguments.layouts import chosen_layouts
from iotctl.cli.options import LayoutOption, TimezoneOption
from iotctl.formats import ReadOptions
from iotctl.model import Ambiguous, DecimalSign, Int96, Nonexistent, TimeForm
from iotctl.moments import known_zone
from iotctl.settings import Settings


@dataclass(frozen=True, slots=True)
class FileReading:
    """How files are written, and what is done where that can mean two things."""

    layout: LayoutOption = None
    timezone: TimezoneOption = None
    ambiguous: Annotated[
        Ambiguous,
        typer.Option(
            metavar="WAY",
            help="The hour that comes twice: infer (as its shape in the file shows), earlier, later, or reject.",
        ),
    ] = Ambiguous.INFER
    nonexistent: Annotated[
        Nonexistent,
        typer.Option(
            metavar="WAY",
            help="The hour that the clock skips: forward (where no real reading follows it), or reject.",
        ),
    ] = Nonexistent.FORWARD
    time_form: Annotated[
        TimeForm,
        typer.Option(
            metavar="FORM",
            help="Times that are numbers, such as 2016010112: auto (what all of a column can only be; else they are"
            " rejected), epoch (s, ms, us, ns since 1970), or calendar.",
        ),
    ] = TimeForm.AUTO
    decimal: Annotated[
        DecimalSign,
        typer.Option(metavar="SIGN", help="What comes before decimals: auto (what a column shows), point, or comma."),
    ] = DecimalSign.AUTO
    int96: Annotated[
        Int96, typer.Option(metavar="WAY", help="INT96 times of Parquet: utc (as Spark writes them), or local.")
    ] = Int96.UTC

    def read_options(self, settings: Settings) -> ReadOptions:
        """The options, and the settings where nothing was said. Raises UsageError, FileError."""
        return ReadOptions(
            timezone=known_zone(self.timezone or settings.timezone),
            ambiguous=self.ambiguous,
            nonexistent=self.nonexistent,
            time_form=self.time_form,
            decimal=self.decimal,
            int96=self.int96,
            layouts=chosen_layouts(self.layout or settings.layout),
        )
