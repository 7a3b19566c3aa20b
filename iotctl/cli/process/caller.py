"""Who called this process, and how."""

from __future__ import annotations

import getpass
import os
import shlex
import socket
import sys

from iotctl.secrets import passwordless


def who() -> str:
    """The user and machine that this process runs as and on."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container may run as a number that has no name
        user = str(os.getuid())
    return f"{user}@{socket.gethostname()}"


def command_line() -> str:
    """This command as one would type it again; what may be a password or key is left out, though none belongs there."""
    return shlex.join(["iotctl", *map(passwordless, sys.argv[1:])])
