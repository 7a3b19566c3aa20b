"""The recording has the final screen that a person sees."""

from __future__ import annotations

from tests.docs.terminal_session import screen


def test_progress_that_was_drawn_over_is_gone_and_colours_stay() -> None:
    printed = (
        "begin\r\n\x1b[?25l1 of 2\r\n\x1b[32mbar\x1b[0m\r\x1b[2K\x1b[1A\x1b[2K2 of 2\r\n\x1b[2K\x1b[1A\x1b[2K\x1b[?25h"
    )
    printed += "\x1b[1mdone\x1b[0m, abc\r\x1b[2Kover\n\n"
    assert screen(printed) == ["begin", "over"]
    assert screen("\x1b[1mdone\x1b[0m\r\n") == ["\x1b[1mdone\x1b[0m"]
