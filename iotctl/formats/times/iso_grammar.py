"""ISO 8601 as the format of a layout: as the standard files have it, but that no number is an epoch."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from iotctl.formats.times.grammar import all_odd, parse_each, put
from iotctl.formats.times.iso import Times, parse_time, parse_times
from iotctl.formats.times.numeric_times import EITHER, IS_CALENDAR, NumericTimes, number_kind
from iotctl.formats.times.typed_times import read_typed


class IsoGrammar:
    """See TimeGrammar. 20210102, 2021010203 and so on are times, too: the digits of ISO 8601 without signs."""

    def read(self, column: pa.Array) -> Times:
        """See TimeGrammar."""
        return read_typed(column, self._read_texts)

    def parse(self, text: str) -> tuple[int, bool]:
        """See TimeGrammar."""
        if number_kind(text.strip(" \t")) not in (None, EITHER, IS_CALENDAR):
            raise ValueError("is a number, and no date")
        return parse_time(text, NumericTimes.CALENDAR)

    def _read_texts(self, texts: pa.StringArray) -> Times:
        if texts.null_count:
            found = all_odd(len(texts))
            at = np.flatnonzero(texts.is_valid().to_numpy(zero_copy_only=False))
            if len(at):
                put(found, at, self._read_texts(texts.drop_null()))
            return found
        found = parse_times(texts, NumericTimes.CALENDAR)
        parse_each(texts, np.flatnonzero(found.odd), found, self.parse)
        return found
