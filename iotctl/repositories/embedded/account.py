"""The account of the embedded server. PostgreSQL refuses to run as root."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from iotctl.errors import ConfigurationError

# The account for servers that root starts; it has no login.
_ACCOUNT = "pgserver"

# The environment variables that a server gets: no keys, and no PGOPTIONS or locale that could stop it.
_ENVIRONMENT = {"LC_ALL": "C", "TZ": "UTC", "PATH": os.defpath}

# Capabilities that let a process pass through folders without rights: name and bit (linux/capability.h). Containers
# often have only the second one.
_PASS_THROUGH = (("dac_read_search", 2), ("dac_override", 1))
_MAY_SET_CAPABILITIES = 8


@dataclass(frozen=True, slots=True)
class Account:
    """A user and a group by their numbers. prefix: the start of each command line that runs as this user."""

    uid: int
    gid: int
    prefix: tuple[str, ...] = ()

    def start(self, command: list[str], output: int | IO[bytes], keep_open: int) -> subprocess.Popen[bytes]:
        """Start a program as this user, without this process's terminal; it inherits the descriptor keep_open.

        Raises OSError where the user cannot run it.
        """
        changes = os.geteuid() != self.uid and not self.prefix
        return subprocess.Popen(
            [*self.prefix, *command],
            user=self.uid if changes else None,
            group=self.gid if changes else None,
            extra_groups=[] if changes else None,
            cwd="/",
            env=_ENVIRONMENT,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            pass_fds=[keep_open],
            start_new_session=True,
        )

    def give(self, path: Path | int) -> None:
        """Make this user the owner of a file or folder, given by path or descriptor."""
        if os.geteuid() == 0:
            os.chown(path, self.uid, self.gid)


def owner_of(path: Path) -> Account:
    """The owner of a folder, for new files in it."""
    found = path.stat()
    return Account(found.st_uid, found.st_gid)


def server_account(home: Path, data: Path) -> Account:
    """The account of the server: this user; under root the owner of its data or home, or a special account.

    Raises ConfigurationError where root does not have that account and cannot make it.
    """
    if os.geteuid() != 0:
        return Account(os.geteuid(), os.getegid())
    owner = owner_of(data if data.exists() else home)
    if owner.uid == 0:
        entry = _account()
        owner = Account(entry.pw_uid, entry.pw_gid)
    return Account(owner.uid, owner.gid, _prefix(owner))


def _account() -> pwd.struct_passwd:
    try:
        return pwd.getpwnam(_ACCOUNT)
    except KeyError:
        pass
    try:
        subprocess.run(
            ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", _ACCOUNT],  # noqa: S607
            check=True,
            capture_output=True,
        )
        return pwd.getpwnam(_ACCOUNT)
    except (OSError, subprocess.CalledProcessError, KeyError) as error:
        raise ConfigurationError(
            f"PostgreSQL does not run as root, and the account {_ACCOUNT} could not be made.",
            hint=f"Make the account {_ACCOUNT}, run iotctl as another user, or set IOTCTL_DATABASE_URL.",
        ) from error


def _prefix(owner: Account) -> tuple[str, ...]:
    """The command prefix that changes to another user, who can still pass through folders of root.

    So the folders above the data and PostgreSQL's programs need not be opened to others. Empty where the machine cannot
    do this (macOS, or a container without the rights): there these folders must be open already.
    """
    setpriv = shutil.which("setpriv", path="/usr/sbin:/usr/bin:/sbin:/bin")
    held = _capabilities()
    right = next((name for name, bit in _PASS_THROUGH if held >> bit & 1), None)
    if setpriv is None or right is None or not held >> _MAY_SET_CAPABILITIES & 1:
        return ()
    rights = f"-all,+{right}"
    return (
        *(setpriv, f"--reuid={owner.uid}", f"--regid={owner.gid}", "--clear-groups"),
        # PostgreSQL calls access(), which ignores the right without this (linux/securebits.h).
        "--securebits=+no_setuid_fixup",
        *(f"--inh-caps={rights}", f"--ambient-caps={rights}", f"--bounding-set={rights}"),
    )


def _capabilities() -> int:
    """The capabilities of this process, a bit for each; 0 where the system has none."""
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        return 0
    return next((int(line.split()[1], 16) for line in status.splitlines() if line.startswith("CapEff:")), 0)
