"""Calendars of public holidays: by name, several together, and errors for wrong names."""

from __future__ import annotations

import sys
from datetime import date

import pytest

from iotctl import calendars
from iotctl.calendars import holidays_between, known_calendars
from iotctl.errors import ConfigurationError, UsageError


def test_names_are_read_however_they_are_written_each_once() -> None:
    assert known_calendars("de-bw, FR,DE_BW") == ("DE-BW", "FR")
    assert known_calendars("") == ()


def test_holidays_are_those_of_a_printed_calendar() -> None:
    # Bavaria alone has Assumption Day; Epiphany is one of few regions; Hesse has neither.
    bavaria, hesse = (holidays_between([name], 2016, 2016) for name in ("DE-BY", "DE-HE"))
    assert {date(2016, 1, 6), date(2016, 12, 25), date(2016, 3, 25)} <= bavaria
    assert date(2016, 1, 6) not in hesse
    both = holidays_between(["DE-HE", "FR"], 2015, 2016)
    assert {date(2015, 7, 14), date(2016, 7, 14), date(2015, 10, 3), date(2016, 10, 3)} <= both


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("XX", "country 'XX'", "Write DE"),
        ("DE-BX", "DE has no region 'BX'", "DE-BW"),
        ("DE-BAYERN", "no region 'BAYERN'", "DE-BY"),
        ("DE,GERMANY", "country 'GERMANY'", "Write DE"),
    ],
)
def test_a_wrong_name_says_what_there_is(text: str, message: str, hint: str) -> None:
    with pytest.raises(UsageError, match=message) as raised:
        known_calendars(text)
    assert hint in str(raised.value.hint)


def test_without_the_library_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "holidays", None)
    calendars._known.cache_clear()
    calendars._regions_by_country.cache_clear()
    with pytest.raises(ConfigurationError) as raised:
        known_calendars("DE")
    assert "iotctl[holidays]" in str(raised.value.hint)
    assert known_calendars("") == ()
