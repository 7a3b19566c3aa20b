"""The program: runs a command, and shows its error."""

from __future__ import annotations

import gc
import os
import sys
from typing import Annotated

import typer

from iotctl import __version__, interrupt
from iotctl.cli.command_table import LazyCommands, list_commands
from iotctl.cli.common_options import EnvFileOption, QuietOption, VerboseOption
from iotctl.cli.output.log import Level, LogFormat, is_json, say, show_lines, use_format
from iotctl.cli.process.streams import prepare_streams
from iotctl.errors import ExitCode, IotctlError
from iotctl.secrets import hidden, remember_address

_debug = False

app = typer.Typer(
    name="iotctl",
    cls=LazyCommands,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Settings come from the environment and from .env (see .env.example). Without IOTCTL_DATABASE_URL an "
    "embedded PostgreSQL in IOTCTL_HOME is used. First steps: iotctl demo",
)
list_commands(app)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"iotctl {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    _version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show where in the program an error happened.")] = False,
    log_format: Annotated[
        LogFormat, typer.Option(help="Lines on stderr: text, or JSON objects with a run id.")
    ] = LogFormat.TEXT,
    _verbose: VerboseOption = False,
    _quiet: QuietOption = False,
    _env_file: EnvFileOption = None,
) -> None:
    """Load files of IoT sensors, and find the anomalies in them."""
    global _debug
    _debug = debug
    use_format(log_format)


def main() -> None:
    """Run the command that the arguments name, and end the process with its exit code."""
    # Imports make many objects and no garbage. Garbage collection takes a tenth of a short command.
    gc.set_threshold(100_000)
    # numpy's threads wait for one another more than they work: a sensor-year costs 0.21 s of CPU with one thread and
    # 0.57 s with two. numpy reads this once, at import.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    prepare_streams()
    for word in sys.argv[1:]:
        remember_address(word)
    code = _exit_code()
    # At exit the interpreter collects garbage in all imported modules, which takes a quarter of a short command.
    gc.freeze()
    sys.exit(code)


def _exit_code() -> int | str | None:
    """Run the command, show its error, and flush the streams. Returns the exit code."""
    try:
        try:
            app()
        finally:
            sys.stdout.flush()
    except IotctlError as error:
        show_error(error)
        return error.exit_code
    except KeyboardInterrupt:
        return ExitCode.INTERRUPTED
    except (BrokenPipeError, SystemExit) as error:
        # typer exits with 1 on a broken pipe. For us it is no error: the reader has seen enough.
        if isinstance(error, SystemExit) and not isinstance(error.__context__, BrokenPipeError):
            return error.code
        # The last flush of the interpreter must not fail either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.DONE
    except Exception as error:  # noqa: BLE001 -- a defect; Python's traceback might show a secret
        if interrupt.came():
            return ExitCode.INTERRUPTED
        if isinstance(error, OSError) and not _debug:  # the system's own message: a file, a disk, a limit
            show_error(_of_the_system(error))
            return ExitCode.FAILED
        typer.echo(_traceback(error), err=True, nl=False)
        return ExitCode.FAILED
    return ExitCode.DONE


def _of_the_system(error: OSError) -> IotctlError:
    return IotctlError(
        f"{error.strerror or error}.",
        where=error.filename and str(error.filename),
        hint="Check that file, the disk and the limits of the system. To see where it happened: iotctl --debug ...",
    )


def show_error(error: IotctlError) -> None:
    """Print an error to stderr in one to three lines, without control characters and secrets."""
    where_it_arose = _traceback(error) if _debug else None
    if is_json():
        say(error.message, Level.ERROR, where=error.where, hint=error.hint, traceback=where_it_arose)
        return
    if where_it_arose is not None:
        typer.echo(where_it_arose, err=True, nl=False)
    show_lines(f"error: {error}".splitlines())


def _traceback(error: BaseException) -> str:
    import traceback

    return hidden("".join(traceback.format_exception(error)))
