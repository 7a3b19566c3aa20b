"""The beginning of the program: the command iotctl, and python -m iotctl."""

from __future__ import annotations

from iotctl.interrupt import end_at_once


def main() -> None:
    """Load the program and run the command that the arguments name."""
    end_at_once()
    from iotctl.cli import main as run  # half a second of loading, in which Ctrl-C may come

    run()


if __name__ == "__main__":
    main()
