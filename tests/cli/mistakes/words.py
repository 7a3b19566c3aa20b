"""Mistakes in the words of a command: its name, options, arguments, and values that are typed."""

from __future__ import annotations

from tests.cli.mistakes.mistake import Mistake

_DAY = "2016-01-01 2016-01-02"

COMMANDS = [
    Mistake("mistyped command", "quer pump_01", 2, "'quer'", "iotctl", "query"),
    Mistake("underscore in a command", "load_mapping m.csv", 2, "'load_mapping'", "iotctl", "load-mapping"),
    Mistake("a command of other programs", "import a.csv", 2, "'import'", "iotctl", "iotctl --help"),
    Mistake("mistyped second command", "anomalies lable 3f0c5a9be1d2 false", 2, "'lable'", "iotctl anomalies", "label"),
    Mistake(
        "mistyped option", f"query pump_01 {_DAY} --formt csv", 2, "no option --formt", "iotctl query", "--format?"
    ),
    Mistake(
        "underscore in an option", "ingest a.csv --dry_run", 2, "no option --dry_run", "iotctl ingest", "--dry-run"
    ),
    Mistake("one dash", "ingest a.csv -json", 2, "no option -json", "iotctl ingest", "--json"),
    Mistake("option of another command", f"query pump_01 {_DAY} --save", 2, "--save", "iotctl query", "query --help"),
    Mistake(
        "option of all, too late", "status --debug", 2, "no option --debug", "iotctl status", "iotctl --debug status"
    ),
    Mistake("option without its value", f"query pump_01 {_DAY} --every", 2, "--every needs", "iotctl query", "15m"),
    Mistake("a word too much", "ingest a.csv b.csv", 2, "Too many words: b.csv", "iotctl ingest", "[uri]"),
    Mistake("no words", "query", 2, "is missing", "iotctl query", "iotctl query sensor_00000 2016-01-01"),
    Mistake("END is missing", "query pump_01 2016-01-01", 2, "END", "START", "iotctl query"),
    Mistake("no sensor", "detect", 2, "Name sensors", "--match", "detect --help"),
]

TIMES = [
    Mistake(
        "swapped words",
        "query 2016-01-01 pump_01 2016-01-02",
        2,
        "'pump_01' is not a time",
        "START",
        "SENSOR START END",
    ),
    Mistake(
        "sensor at the end", "query 2016-01-01 2016-01-02 pump_01", 2, "'pump_01' is not a time", "END", "SENSOR START"
    ),
    Mistake("time without quotes", "query pump_01 2016-01-01 12:00 2016-01-02", 2, "'12:00'", "START", "quotes"),
    Mistake(
        "end before start",
        "query pump_01 2016-01-02 2016-01-01",
        2,
        "START is not before END",
        "2016-01-02",
        "2016-01-01",
    ),
    Mistake(
        "--end before --start",
        "quality --all --start 2016-01-02 --end 2016-01-01",
        2,
        "not before",
        "--end",
        "2016-01-01",
    ),
    Mistake("German date", "query pump_01 31.01.2016 now", 2, "'31.01.2016' is not a time", "START", "2016-01-31"),
    Mistake("American date", "query pump_01 1/31/2016 now", 2, "'1/31/2016' is not a time", "START", "2016-01-31"),
    Mistake("no such day", "query pump_01 2016-02-30 now", 2, "'2016-02-30' is not a time", "START", "calendar"),
    Mistake("words for a time", "ingest a.csv --since yesterday", 2, "'yesterday' is not a time", "--since", "now-7d"),
    Mistake("duration 1x", f"query pump_01 {_DAY} --every 1x", 2, "'1x' is not a duration", "--every", "15m"),
    Mistake(
        "duration without a unit", f"query pump_01 {_DAY} --every 60", 2, "'60' is not a duration", "--every", "15m"
    ),
    Mistake("duration with a comma", f"query pump_01 {_DAY} --every 1,5h", 2, "'1,5h' is not a", "--every", "1.5h"),
    Mistake("duration in minutes", "ingest a.csv --settle 5min", 2, "'5min' is not a duration", "--settle", "15m"),
    Mistake("watch every 1x", "ingest a.csv --watch 1x", 2, "'1x' is not a duration", "--watch", "15m"),
    Mistake("watch every 0 s", "ingest a.csv --watch 0", 2, "--watch 0", "too short", "60s"),
    Mistake("unit in now-", "query pump_01 now-7x now", 2, "'7x' is not a duration", "START", "15m"),
    Mistake("half a range", "detect pump_01 --reference 2016-01-01", 2, "not a range", "--reference", "START/END"),
    Mistake(
        "range backwards", "detect pump_01 --reference 2016-02-01/2016-01-01", 2, "before", "--reference", "START/END"
    ),
    Mistake(
        "mistyped zone", "ingest a.csv --timezone Europe/Berln", 2, "'Europe/Berln'", "--timezone", "Europe/Berlin?"
    ),
    Mistake(
        "zone in small letters", "ingest a.csv --timezone europe/berlin", 2, "'europe/berlin'", "zone", "Europe/Berlin?"
    ),
    Mistake("a zone's abbreviation", "ingest a.csv --timezone CEST", 2, "'CEST'", "--timezone", "+01:00"),
]

VALUES = [
    Mistake("decimal comma", "detect pump_01 --threshold 3,5", 2, "3,5 is not a number", "--threshold", "3.5"),
    Mistake("decimal comma in limits", "detect pump_01 --limits 1,5,9", 2, "1,5,9", "--limits", "LOW,HIGH"),
    Mistake("limits backwards", "detect pump_01 --limits 9,1", 2, "9 is not below 1", "--limits", "1,9"),
    Mistake(
        "a word for a number", f"query pump_01 {_DAY} --limit ten", 2, "ten is not a whole", "--limit", "whole number"
    ),
    Mistake("a negative number", f"query pump_01 {_DAY} --limit -5", 2, "--limit -5", "iotctl query", "least is 1"),
    Mistake("no workers", "ingest a.csv --workers 0", 2, "--workers 0", "iotctl ingest", "least is 1"),
    Mistake("unknown format", f"query pump_01 {_DAY} --format xml", 2, "'xml'", "--format", "ndjson"),
    Mistake("unknown method", "detect pump_01 --method prophet", 2, "'prophet'", "--method", "piecewise"),
    Mistake("mistyped kind", "anomalies --kind spikes", 2, "'spikes'", "--kind", "spike?"),
    Mistake("unknown aggregate", f"query pump_01 {_DAY} --every 1h --agg avg", 2, "'avg'", "--agg", "mean"),
    Mistake("unknown rate", "detect pump_01 --false-alarms many", 2, "'many'", "--false-alarms", "1/year"),
    Mistake("unknown part", "verify --sample 50", 2, "--sample 50", "percentage", "1%"),
    Mistake("unknown limit of rejects", "ingest a.csv --max-rejects 5,5%", 2, "5,5%", "--max-rejects", "0.5%"),
    Mistake("decimal comma of rows", "plan --rows 1,5M --sensors 9", 2, "1,5M", "--rows", "1.5M"),
    Mistake("a word for rows", "plan --rows many --sensors 9", 2, "many", "--rows", "60M"),
    Mistake("unknown verdict", "anomalies label 3f0c5a9be1d2 wrong", 2, "'wrong'", "label", "expected"),
    Mistake("unknown event", "anomalies label 3f0c5a9be1d2 false", 4, "'3f0c5a9be1d2'", "event", "iotctl anomalies"),
    Mistake("unknown incident", "incidents show 3f0c5a9be1d2", 4, "'3f0c5a9be1d2'", "incident", "iotctl incidents"),
    Mistake("unknown country", "detect pump_01 --holidays Germany", 2, "'GERMANY'", "holidays", "DE"),
    Mistake("unknown encoding", "inspect a.csv --encoding utf-99", 2, "'utf-99'", "encoding", "cp1252"),
    Mistake("retention without a unit", "policy --retain 5", 2, "'5' is not a duration", "--retain", "5y"),
    Mistake("drops readings", "policy --retain 5y", 2, "drops readings", "--retain", "--yes"),
    Mistake("a scheduler without scheme", "ingest a.csv --scheduler h:8786", 7, "h:8786", "Dask", "tcp://HOST:8786"),
    Mistake("a webhook without scheme", "detect pump_01 --save --notify h/hunter2", 2, "http", "--notify", "https://"),
]

SENSORS = [
    Mistake("mistyped sensor", f"query pmup_01 {_DAY}", 4, "'pmup_01'", "sensor", "pump_01"),
    Mistake("capitals in a sensor", f"query PUMP_01 {_DAY}", 4, "'PUMP_01'", "sensor", "pump_01"),
    Mistake("a glob for none", "detect --match 'compressor_*'", 4, "'compressor_*'", "sensor", "iotctl sensors"),
    Mistake("a glob of capitals", "quality --match 'PUMP*'", 4, "'PUMP*'", "sensor", "iotctl sensors"),
    Mistake("a sensor that the file lacks", "detect --input a.csv --sensor foo", 4, "no sensor foo", "a.csv", "It has"),
    Mistake(
        "a range without readings",
        "query pump_01 2019-01-01 2019-01-02",
        0,
        "pump_01 has no readings",
        "in this range",
        "2016-01-10",
    ),
    Mistake(
        "a sensor without readings",
        f"query valve_02 {_DAY}",
        0,
        "valve_02 has no readings",
        "valve_02",
        "iotctl ingest",
    ),
    Mistake("readings of none to load", "ingest . --pattern '*.cvs'", 0, "No file", "*.cvs", "--pattern"),
]

TOGETHER = [
    Mistake("--dry-run --watch", "ingest . --dry-run --watch 60", 2, "--dry-run and --watch", "--watch", "Leave one"),
    Mistake("a name and --all", "detect pump_01 --all", 2, "pump_01", "--all", "Leave out"),
    Mistake("--match and --all", "quality --match 'pump*' --all", 2, "--match", "--all", "Leave out"),
    Mistake("--input and --save", "detect --input a.csv --save", 2, "--save", "--input", "Leave out --input"),
    Mistake(
        "a rate and a threshold",
        "detect pump_01 --false-alarms 1/year --threshold 4",
        2,
        "--false-alarms",
        "--threshold",
        "Leave",
    ),
    Mistake(
        "--agg without --every", f"query pump_01 {_DAY} --agg mean", 2, "--agg needs --every", "--every", "--every 1h"
    ),
    Mistake("--plot of many", "detect --all --plot x.html", 2, "one sensor", "--plot", "--report"),
    Mistake(
        "--json and another format", "ingest a.csv --json --format text", 2, "--json", "--format text", "Leave out"
    ),
    Mistake("quiet and verbose", "status --quiet --verbose", 2, "--quiet", "--verbose", "Leave out"),
]
