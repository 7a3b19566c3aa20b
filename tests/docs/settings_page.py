"""The page of settings, from the class that reads them."""

from __future__ import annotations

import re

from pydantic_core import PydanticUndefined

from iotctl.settings import Settings
from tests.docs.markdown import cell, generated, table

BEFORE = """
Settings come from the environment, and from one file. The environment goes before the file. The file is the first of
these:

1. what `--env-file FILE` names, or `IOTCTL_ENV_FILE`
2. `.env` in the working directory, if it has a setting of iotctl
3. `.env` in `IOTCTL_HOME`, which needs no `cd` in a cron job

`iotctl init` asks for what is needed, and writes a file. `.env.example` lists all settings. An empty value is the same
as none. A name that is not in this table is an error, so that mistyped settings are noticed.

"""
AFTER = """
**Secrets.** No line that iotctl prints holds a secret: an address that cannot be read is not quoted.

**The embedded server** is a PostgreSQL that comes with `iotctl[embedded]`. It is used if no database is set. It serves
the commands of one user: only this user can open its socket. The first command starts it, and the last one stops it. If
a command is killed, the others can still use it. If the server dies, the next connection starts it again. PostgreSQL
does not run as root: for root the server runs as the account `pgserver`, which is created if it is missing.

**Only for containers**, read by `docker-compose.yml`: see `.env.example`, and [containers](../how-to/containers.md).
"""


def settings_page() -> str:
    """docs/reference/settings.md."""
    rows = []
    for name, field in Settings.model_fields.items():
        meaning, _, in_words = (field.description or "").partition(" Default: ")
        if in_words:
            # A sentence after the default belongs to the meaning.
            default, _, more = in_words.partition(". ")
            meaning, default = f"{meaning} {more}".strip(), default.rstrip(".")
        elif field.default is None or field.default is PydanticUndefined:
            default = ""
        else:
            default = f"`{str(field.default).lower() if isinstance(field.default, bool) else field.default}`"
        rows.append([f"`IOTCTL_{name.upper()}`", cell(re.sub(r"(?<!`)(--[a-z-]+)", r"`\1`", meaning)), cell(default)])
    return generated("Settings") + BEFORE + table(["setting", "meaning", "default"], rows) + AFTER
