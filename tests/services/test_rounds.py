"""Rounds of a watch: which failures they survive, how long they wait, and their sums."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import pytest

from iotctl.errors import FileError, ForbiddenError, IotctlError, NothingThereError, UnreachableError
from iotctl.repositories import Balance
from iotctl.services.ingest.progress import Silent
from iotctl.services.ingest.rounds import rounds, together
from iotctl.services.ingest.tally import FailedFile, IngestSummary, Seen


class Listener(Silent):
    """Keeps what it is told, and then does something."""

    def __init__(self, then: Callable[[], None]) -> None:
        self.told: list[str] = []
        self._then = then

    def noted(self, message: str, file: str | None = None) -> None:
        self.told.append(message)
        self._then()


def summary(rows: int, *, error: IotctlError | None = None, failed: tuple[FailedFile, ...] = ()) -> IngestSummary:
    return IngestSummary(1, 5, 0, failed, Balance(rows, rows), 0.5, error=error)


def test_troubles_that_pass_are_waited_for_longer_each_time_up_to_five_minutes() -> None:
    class Impatient(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            waited.append(timeout or 0)
            return super().wait(0)

    waited: list[float] = []
    stop = Impatient()
    gone = UnreachableError("gone")
    outcomes: Iterator[IotctlError | IngestSummary] = iter([*[gone] * 9, summary(1), gone, summary(2)])

    def load() -> IngestSummary:
        outcome = next(outcomes)
        if isinstance(outcome, IotctlError):
            raise outcome
        if outcome.balance.rows_read == 2:
            stop.set()
        return outcome

    listener = Listener(lambda: None)
    assert [done.balance.rows_read for done in rounds(load, 7, listener, stop)] == [1, 2]
    assert waited == [7, 10, 20, 40, 80, 160, 300, 300, 300, 7, 7, 7]
    assert len(listener.told) == 10
    assert "160 s" in listener.told[5]


def test_a_round_that_the_store_broke_off_counts_what_it_did() -> None:
    stop = threading.Event()
    listener = Listener(stop.set)
    broken = summary(3, error=UnreachableError("gone"))
    assert list(rounds(lambda: broken, 0.1, listener, stop)) == [broken]
    assert len(listener.told) == 1


def test_a_folder_without_files_is_waited_for_and_what_a_person_has_to_mend_is_not() -> None:
    outcomes: list[IotctlError] = [ForbiddenError("refused"), NothingThereError("empty")]

    def load() -> IngestSummary:
        raise outcomes.pop()

    watched = rounds(load, 0.01, Silent(), threading.Event())
    assert next(watched).files == 0
    with pytest.raises(ForbiddenError):
        next(watched)


def test_a_stop_ends_the_wait_between_rounds() -> None:
    stop = threading.Event()
    began = time.monotonic()
    for _ in rounds(lambda: summary(1), 60, Silent(), stop):
        threading.Timer(0.1, stop.set).start()
    assert time.monotonic() - began < 30


def test_rounds_add_up_and_a_file_that_was_mended_is_no_failure() -> None:
    broken = FailedFile("a.csv", "1", FileError("broken"))
    seen = Seen({"x.pdf"}, {"a.csv": broken})
    total = together(None, summary(3, failed=(broken,)), seen)
    total = together(total, summary(4), seen)
    assert (total.files, total.unchanged, total.other, total.balance.rows_read) == (2, 5, 1, 7)
    assert total.failed == (broken,)
    seen.failed.clear()
    assert together(total, summary(1), seen).failed == ()
