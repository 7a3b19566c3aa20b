"""Numbers, counts and durations as people say them."""

from __future__ import annotations

import pytest

from iotctl.words import counted, difference, number, reading, span


@pytest.mark.parametrize(
    ("hours", "said"),
    [
        (0.5 / 3600, "0.5 seconds"),
        (1 / 3600, "1 second"),
        (100 / 3600, "100 seconds"),
        (8 / 60, "8 minutes"),
        (0.5, "30 minutes"),
        (1.99, "2 hours"),
        (2.0, "2 hours"),
        (36.24, "36.2 hours"),
        (48.0, "2 days"),
        (77.0, "3.2 days"),
        (4666.0, "194 days"),
    ],
)
def test_a_duration_is_said_as_people_do(hours: float, said: str) -> None:
    assert span(hours) == said


@pytest.mark.parametrize(
    ("value", "band", "said"),
    [
        (20.123456, 3.0, "20.1"),
        (20.123456, 0.03, "20.123"),
        (20123.4, 300.0, "20123"),
        (-0.3, 30.0, "0"),
        (1e300, 3.0, "1e+300"),
        (1.23456789e-9, 1e-10, "1.23457e-09"),
        (20.5, 0.0, "20.5"),
    ],
)
def test_a_number_has_the_digits_that_matter_beside_the_band(value: float, band: float, said: str) -> None:
    assert number(value, band) == said


def test_what_a_sensor_sent_has_no_digits_that_it_did_not_send() -> None:
    assert [reading(value, 3.0) for value in (57.0, 57.5, 57.04)] == ["57", "57.5", "57.0"]
    assert reading(0.0, 0.1, "mm") == "0 mm"


def test_three_numbers_of_a_sentence_agree() -> None:
    # Rounded alone, the difference would be 17.
    value, other, band = 56.1964, 73.5626, 11.0
    assert (number(value, band), number(other, band), number(difference(value, other, band), band)) == (
        *("56", "74"),
        "18",
    )


@pytest.mark.parametrize(("count", "said"), [(0, "0 events"), (1, "1 event"), (2000, "2,000 events")])
def test_one_is_not_several(count: int, said: str) -> None:
    assert counted(count, "event") == said


def test_a_plural_may_be_another_word() -> None:
    assert (counted(1, "batch", "batches"), counted(2, "batch", "batches")) == ("1 batch", "2 batches")
