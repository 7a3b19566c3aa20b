"""The options of ingest and detect --input that say how to read files."""

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
    """The layout of files, and how to read what can mean two things."""

    layout: LayoutOption = None
    timezone: TimezoneOption = None
    ambiguous: Annotated[
        Ambiguous,
        typer.Option(
            metavar="WAY",
            help="The hour that comes twice in autumn: infer (from the order in the file), earlier, later, or reject.",
        ),
    ] = Ambiguous.INFER
    nonexistent: Annotated[
        Nonexistent,
        typer.Option(
            metavar="WAY",
            help="The hour that is skipped in spring: forward (if no real reading follows), or reject.",
        ),
    ] = Nonexistent.FORWARD
    time_form: Annotated[
        TimeForm,
        typer.Option(
            metavar="FORM",
            help="Times that are numbers, such as 2016010112: auto (from the whole column; in doubt they"
            " are rejected), epoch (s, ms, us, ns since 1970), or calendar.",
        ),
    ] = TimeForm.AUTO
    decimal: Annotated[
        DecimalSign,
        typer.Option(metavar="SIGN", help="The decimal sign: auto (from the whole column), point, or comma."),
    ] = DecimalSign.AUTO
    int96: Annotated[
        Int96, typer.Option(metavar="WAY", help="INT96 times of Parquet: utc (as Spark writes them), or local.")
    ] = Int96.UTC

    def read_options(self, settings: Settings) -> ReadOptions:
        """The options; the settings where an option is missing. Raises UsageError, FileError."""
        return ReadOptions(
            timezone=known_zone(self.timezone or settings.timezone, "--timezone"),
            ambiguous=self.ambiguous,
            nonexistent=self.nonexistent,
            time_form=self.time_form,
            decimal=self.decimal,
            int96=self.int96,
            layouts=chosen_layouts(self.layout or settings.layout),
        )
