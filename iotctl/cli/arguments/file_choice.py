"""The options that choose files of a source."""

from __future__ import annotations

from dataclasses import dataclass

from iotctl.cli.options import PatternOption, SinceOption
from iotctl.moments import local_time, parse_time
from iotctl.services.ingest.selection import Selection


@dataclass(frozen=True, slots=True)
class FileChoice:
    """Files by age and name."""

    since: SinceOption = None
    pattern: PatternOption = None

    def selection(self, timezone: str, manifest: str | None = None, limit: int | None = None) -> Selection:
        """The options as a Selection. Raises UsageError."""
        moment = (
            None if self.since is None else local_time(parse_time(self.since, timezone, option="--since"), timezone)
        )
        return Selection(manifest, moment, self.pattern, limit)
