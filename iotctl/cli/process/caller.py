"""The user, machine and command line of this process."""

from __future__ import annotations

import getpass
import os
import shlex
import socket
import sys

from iotctl.secrets import passwordless


def who() -> str:
    """The user and the machine of this process, as USER@HOST."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container may run as a user id without a name
        user = str(os.getuid())
    return f"{user}@{socket.gethostname()}"


def command_line() -> str:
    """This command as one would type it again, without anything that may be a password or key."""
    return shlex.join(["iotctl", *map(passwordless, sys.argv[1:])])
