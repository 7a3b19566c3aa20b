"""What could be read wrongly without a word is told."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from iotctl.formats.proposal.proposal import Hints, Proposal
from tests.formats.proposal.families import clock, lines, values
from tests.formats.proposal.test_families import look

UTC = Hints(timezone="UTC")


def told(proposal: Proposal) -> str:
    return "\n".join(f"{doubt.text} -> {doubt.option}" for doubt in proposal.doubts)


@pytest.mark.parametrize(("sign", "in_doubt"), [("-", True), ("/", True), (".", False)])
def test_a_year_of_two_digits_that_may_be_in_front_is_told(sign: str, in_doubt: bool) -> None:
    rows = [f"{time:%d{sign}%m{sign}%y %H:%M:%S};{x}" for time, x in zip(clock(rows=9), values(1, rows=9), strict=True)]
    assert ("first number" in told(look(lines("time;value", *rows), UTC))) is in_doubt
    days = [f"{datetime(2021, 3, 5) + timedelta(days=day):%d{sign}%m{sign}%y};{day}" for day in range(20)]
    assert "first number" not in told(look(lines("date;value", *days), UTC))
