"""The page of exit codes, from the one list of them."""

from __future__ import annotations

import re

from iotctl.errors import ExitCode
from tests.docs.markdown import cell, generated, table

BEFORE = """
All commands end with one of these codes. `iotctl COMMAND --help` explains codes with a special meaning for a command.

"""


def exit_codes_page() -> str:
    """docs/reference/exit-codes.md."""
    rows = [[f"`{code.value}`", re.sub(r"(--[a-z-]+)", r"`\1`", cell(code.meaning))] for code in ExitCode]
    return generated("Exit codes") + BEFORE + table(["code", "meaning"], rows)
