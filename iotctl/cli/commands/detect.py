"""iotctl detect."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from iotctl.cli.arguments.layouts import chosen_layouts
from iotctl.cli.options import format_option, output_option
from iotctl.cli.output.rows import Format
from iotctl.errors import UsageError
from iotctl.model import Ambiguous, DecimalSign, Method, TimeForm

if TYPE_CHECKING:
    from iotctl.analysis import DetectOptions

_CHOOSE, _JUDGE, _SHOW, _KEEP = "Which readings", "What is an event", "What is shown, and where", "Scheduled runs"


def detect(
    sensors: Annotated[
        list[str] | None, typer.Argument(metavar="SENSOR", help="Names or UUIDs.", show_default=False)
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Every sensor.", rich_help_panel=_CHOOSE)] = False,
    match: Annotated[
        str | None, typer.Option(help="Every sensor whose name fits: 'sensor_00*'.", rich_help_panel=_CHOOSE)
    ] = None,
    start: Annotated[str | None, typer.Option(help="From this moment on.", rich_help_panel=_CHOOSE)] = None,
    end: Annotated[str | None, typer.Option(help="Up to, but not at, this moment.", rich_help_panel=_CHOOSE)] = None,
    input_file: Annotated[
        str | None,
        typer.Option(
            "--input",
            help="Read timestamp,value (and sensor_uuid or sensor_name) from a file, - for stdin, without a database.",
            rich_help_panel=_CHOOSE,
        ),
    ] = None,
    sensor: Annotated[
        str | None, typer.Option(help="With --input: this sensor of the file alone.", rich_help_panel=_CHOOSE)
    ] = None,
    timezone: Annotated[
        str | None,
        typer.Option(
            help="With --input: zone of times without an offset, and of the clock that days and weeks go by;"
            " IOTCTL_TIMEZONE where left out.",
            rich_help_panel=_CHOOSE,
        ),
    ] = None,
    ambiguous: Annotated[
        Ambiguous,
        typer.Option(help="With --input: the hour that comes twice: see ingest.", rich_help_panel=_CHOOSE),
    ] = Ambiguous.INFER,
    time_form: Annotated[
        TimeForm,
        typer.Option(help="With --input: what times such as 2016010112 are: see ingest.", rich_help_panel=_CHOOSE),
    ] = TimeForm.AUTO,
    decimal: Annotated[
        DecimalSign,
        typer.Option(help="With --input: what comes before decimals: see ingest.", rich_help_panel=_CHOOSE),
    ] = DecimalSign.AUTO,
    layout: Annotated[
        str | None,
        typer.Option(
            metavar="FILE|NAME|auto", help="With --input: how it is written: see ingest.", rich_help_panel=_CHOOSE
        ),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=256,
            help="Processes; IOTCTL_WORKERS or one per core where left out.",
            rich_help_panel=_CHOOSE,
        ),
    ] = None,
    scheduler: Annotated[
        str | None,
        typer.Option(
            metavar="tcp://HOST:8786",
            help="Analyse on the workers of a Dask cluster, from four sensors on; IOTCTL_SCHEDULER.",
            rich_help_panel=_CHOOSE,
        ),
    ] = None,
    send_credentials: Annotated[
        bool,
        typer.Option(
            "--send-credentials",
            help="Send the database URL to the workers; else they use theirs.",
            rich_help_panel=_CHOOSE,
        ),
    ] = False,
    false_alarms: Annotated[
        str | None,
        typer.Option(
            "--false-alarms",
            metavar="N/year|month|week",
            help="At most about so many false alarms of each sensor; 1/year where left out. Fewer miss more.",
            rich_help_panel=_JUDGE,
        ),
    ] = None,
    what_if: Annotated[
        bool,
        typer.Option(
            "--what-if",
            help="Count the alarms of each sensor's last year, or of --start to --end, at several rates; keep nothing.",
            rich_help_panel=_JUDGE,
        ),
    ] = False,
    threshold: Annotated[
        float | None,
        typer.Option(
            min=0,
            help="Robust sigmas from which a reading is an anomaly, in place of a rate; 6 is what 1/year begins with.",
            rich_help_panel=_JUDGE,
        ),
    ] = None,
    min_severity: Annotated[
        float,
        typer.Option(
            min=0, help="Leave out events below: 0 is usual, +1 per decade of rarity.", rich_help_panel=_JUDGE
        ),
    ] = 0.3,
    limits: Annotated[
        str | None,
        typer.Option(
            metavar="LOW,HIGH",
            help="Physical limits, either may be empty; those of the mapping where left out.",
            rich_help_panel=_JUDGE,
        ),
    ] = None,
    reference: Annotated[
        str | None,
        typer.Option(
            metavar="START/END",
            help="A period known to be good; scales come from it alone.",
            rich_help_panel=_JUDGE,
        ),
    ] = None,
    context: Annotated[
        str | None,
        typer.Option(
            help="How much is read around --start and --end beyond their years (26w), or with --since-last before the"
            " new readings (18w).",
            rich_help_panel=_JUDGE,
            show_default=False,
        ),
    ] = None,
    holidays: Annotated[
        str | None,
        typer.Option(
            metavar="DE-BW,...",
            help="Whose public holidays are like Sundays for sensors that know a week; IOTCTL_HOLIDAYS. Needs the extra"
            " iotctl[holidays].",
            rich_help_panel=_JUDGE,
        ),
    ] = None,
    change_points: Annotated[
        bool,
        typer.Option(
            "--change-points",
            help="List every change of regime, not only those of 4 sigma that are unusual.",
            rich_help_panel=_JUDGE,
        ),
    ] = False,
    method: Annotated[
        Method, typer.Option(help="ruptures: the textbook way, to compare.", rich_help_panel=_JUDGE)
    ] = Method.PIECEWISE,
    alert_budget: Annotated[
        int | None,
        typer.Option(
            min=1,
            metavar="N",
            help="At most N events per sensor and week, the most severe.",
            rich_help_panel=_JUDGE,
        ),
    ] = None,
    include_labelled: Annotated[
        bool,
        typer.Option(
            "--include-labelled", help="Report events labelled false or expected, too.", rich_help_panel=_JUDGE
        ),
    ] = False,
    top: Annotated[
        int | None,
        typer.Option(
            min=1, metavar="N", help="Print the N most severe events alone, in that order.", rich_help_panel=_SHOW
        ),
    ] = None,
    form: Annotated[Format | None, format_option(_SHOW)] = None,
    output: Annotated[Path | None, output_option(_SHOW)] = None,
    plot: Annotated[
        Path | None,
        typer.Option(help="Draw it: FILE.png, .svg or .html; needs a single sensor.", rich_help_panel=_SHOW),
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option(
            help="A page of all sensors, FILE.html, the worst first; charts go to FILE_charts/.",
            rich_help_panel=_SHOW,
        ),
    ] = None,
    scores: Annotated[
        Path | None,
        typer.Option(help="With --input: a line per row, its score and severity.", rich_help_panel=_SHOW),
    ] = None,
    fail_on_anomaly: Annotated[
        bool, typer.Option("--fail-on-anomaly", help="End with 10 where an event is reported.", rich_help_panel=_SHOW)
    ] = False,
    save: Annotated[
        bool, typer.Option("--save", help="Keep the events: see iotctl anomalies.", rich_help_panel=_KEEP)
    ] = False,
    since_last: Annotated[
        bool,
        typer.Option(
            "--since-last",
            help="Look at sensors with new readings, and report what is new since the last such run. Saves.",
            rich_help_panel=_KEEP,
        ),
    ] = False,
    notify: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="POST what is reported as JSON: a message for each incident, the other events together. Saves."
            " IOTCTL_NOTIFY_URL serves runs that save.",
            rich_help_panel=_KEEP,
        ),
    ] = None,
) -> None:
    """Find what is wrong with sensors: spikes, bursts, shifts, drifts, variance, stuck values, gaps,
    silence, absurd values, and lasting changes of level, slope or noise.

    Exit code 3: done, but some sensors could not be analysed, or some rows of --input not read; 10: --fail-on-anomaly,
    and there is one.

    Example: iotctl detect sensor_00000 --start 2016-01-01 --plot sensor_00000.html

    Before that: iotctl detect --all --what-if

    Every hour: iotctl detect --all --since-last --alert-budget 3 --notify https://hooks.example.com/T0K3N
    """
    from iotctl.calendars import known_calendars
    from iotctl.cli.arguments.times import parse_range
    from iotctl.cli.detect.file_run import run_file
    from iotctl.cli.detect.fleet_run import Outcome, Wanted, run_fleet
    from iotctl.formats import ReadOptions
    from iotctl.moments import known_zone
    from iotctl.settings import read_settings
    from iotctl.timezones import zone_name
    from iotctl.workers.opening import WantedWorkers

    settings = read_settings()
    if timezone is not None:
        known_zone(timezone)
    if sum((bool(sensors), every, match is not None, input_file is not None)) != 1:
        raise UsageError("Name sensors, or use one of --all, --match or --input.", hint="See: iotctl detect --help")
    if scores is not None and input_file is None:
        raise UsageError("--scores goes with --input.", hint="Name the file: --input readings.csv --scores scores.csv")
    if sensor is not None and input_file is None:
        raise UsageError("--sensor goes with --input.", hint="Name sensors of the database without it.")
    if what_if and (save or since_last or notify or report or plot or scores or alert_budget or top):
        raise UsageError(
            "--what-if counts alarms, and keeps and draws nothing.",
            hint="Leave out --save, --since-last, --notify, --report, --plot, --scores, --alert-budget and --top.",
        )
    if input_file is not None and (save or since_last or notify or report):
        raise UsageError("--save, --since-last, --notify and --report need the database.", hint="Leave out --input.")
    first, last = parse_range(start, end, settings.timezone)
    saves = save or since_last or notify is not None
    if notify is None and settings.notify_url is not None and saves:
        notify = settings.notify_url.get_secret_value()
    wanted = Wanted(
        options=replace(
            _options(
                false_alarms, threshold, min_severity, limits, reference, change_points, method, settings.timezone
            ),
            timezone=zone_name(timezone or settings.timezone),
            holidays=known_calendars(settings.holidays or "" if holidays is None else holidays),
        ),
        start=first,
        end=last,
        save=saves,
        since_last=since_last,
        context_seconds=_context_seconds(context, since_last=since_last),
        alert_budget=alert_budget,
        include_labelled=include_labelled,
        top=top,
        form=form,
        output=output,
        plot=plot,
        report=report,
        notify_url=notify,
        what_if=what_if,
    )
    outcome: Outcome
    if input_file is not None:
        zone = known_zone(timezone or settings.timezone)
        layouts = chosen_layouts(layout or settings.layout)
        read = ReadOptions(zone, ambiguous, time_form=time_form, decimal=decimal, layouts=layouts)
        outcome = run_file(input_file, sensor, scores, read, wanted, settings)
    else:
        on = WantedWorkers(workers or settings.workers, scheduler or settings.scheduler, send_credentials)
        outcome = run_fleet(sensors or [], match, on, wanted, settings)
    raise typer.Exit(outcome.exit_code(fail_on_anomaly=fail_on_anomaly))


def _context_seconds(context: str | None, *, since_last: bool) -> float:
    from iotctl.moments import duration_seconds
    from iotctl.services.window import CONTEXT_OF_RANGE, CONTEXT_OF_STREAM

    if context is not None:
        return duration_seconds(context)
    return (CONTEXT_OF_STREAM if since_last else CONTEXT_OF_RANGE) / 1_000_000


def _options(
    false_alarms: str | None,
    threshold: float | None,
    min_severity: float,
    limits: str | None,
    reference: str | None,
    change_points: bool,
    method: Method,
    timezone: str,
) -> DetectOptions:
    from iotctl.analysis import DetectOptions
    from iotctl.cli.arguments.rates import rate_a_year
    from iotctl.moments import parse_time

    if false_alarms is not None and threshold is not None:
        raise UsageError(
            "--false-alarms and --threshold are two ways to say the same.", hint="Leave out --threshold, or the rate."
        )
    usual = DetectOptions()
    period = None
    if reference is not None:
        first, _, last = reference.partition("/")
        period = parse_time(first, timezone), parse_time(last, timezone)
        if period[0] >= period[1]:
            raise UsageError("--reference does not begin before it ends.", hint="Write START/END.")
    return DetectOptions(
        method=method,
        false_alarms=usual.false_alarms if false_alarms is None else rate_a_year(false_alarms),
        threshold=usual.threshold if threshold is None else threshold,
        min_severity=min_severity,
        limits=None if limits is None else _limits(limits),
        reference=period,
        least_change=0.0 if change_points else usual.least_change,
    )


def _limits(text: str) -> tuple[float, float]:
    low, comma, high = text.partition(",")
    try:
        parsed = float(low) if low.strip() else float("-inf"), float(high) if high.strip() else float("inf")
    except ValueError:
        comma = ""
    if not comma or not parsed[0] < parsed[1]:
        raise UsageError(f"--limits {text} are no limits.", hint="Write LOW,HIGH such as -40,125; either may be empty.")
    return parsed
