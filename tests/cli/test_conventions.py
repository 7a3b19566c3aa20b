"""One word for one thing: rules for the options of all commands, also of new ones."""

from __future__ import annotations

from collections import defaultdict

import pytest

from tests.cli.test_help import COMMANDS, Words

# Options with a special wording for a command.
SPECIAL = {
    "--limit": "runs has a usual limit, and counts from the newest; query counts for each sensor",
    "--save": "what is kept, and where",
    "--format": "rows, or a summary",
    "--decimal": "inspect looks at numbers of all columns",
    "--sensor": "of a file that has sensors, or what its sensor is to be called",
    "--input": "readings, or verdicts",
    "--output": "init writes settings",
    "--timezone": "init writes it down as a setting",
}

# Commands that change the database or tell people, and what they change.
WRITES: set[Words] = {
    ("load-mapping",),
    ("ingest",),
    ("forget",),
    ("detect",),
    ("anomalies", "label"),
    ("anomalies", "learned"),
    ("incidents", "label"),
    ("quality",),
    ("policy",),
    ("compact",),
}

# They run other commands, or their result is on stderr and in the exit code.
WITHOUT_OUTPUT: set[Words] = {("demo",), ("anomalies", "label"), ("incidents", "label"), ("init",)}

# Words of other programs, and of earlier versions, for things with another name here.
FOREIGN = {
    "--from",
    "--to",
    "--until",
    "--like",
    "--glob",
    "--filter",
    "--out",
    "--dry",
    "--silent",
    "--tz",
    "--threads",
}


def options(path: Words) -> dict[str, tuple[str, str | None]]:
    """Each option of a command by each of its names: its help, and what stands for its value."""
    found = {}
    for parameter in COMMANDS[path].params:
        for name in parameter.opts:
            if name.startswith("-"):
                found[name] = (str(getattr(parameter, "help", "")), parameter.metavar)
    return found


def test_an_option_has_one_wording_wherever_it_is() -> None:
    wordings: dict[str, dict[tuple[str, str | None], list[str]]] = defaultdict(lambda: defaultdict(list))
    for path in COMMANDS:
        for name, wording in options(path).items():
            if name.startswith("--"):
                wordings[name][wording].append(" ".join(path))
    differing = {name: dict(by_wording) for name, by_wording in wordings.items() if len(by_wording) > 1}
    assert {name: found for name, found in differing.items() if name not in SPECIAL} == {}
    assert set(differing) == set(SPECIAL)


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_the_usual_options_are_there_under_their_usual_names(path: Words) -> None:
    named = options(path)
    assert not FOREIGN & set(named)
    assert ("--start" in named) == ("--end" in named)
    assert ("-o" in named) == ("--output" in named)
    assert {"-q", "--quiet", "--verbose"} <= set(named)
    if path not in WITHOUT_OUTPUT:
        assert "--format" in named
    # Rows go to a file; where there are none there is a summary, with the short form.
    if "--format" in named and "--output" not in named:
        assert "--json" in named
    assert ("--dry-run" in named) == (path in WRITES)
    for name, (help_, metavar) in named.items():
        assert ("GLOB" in (metavar or "")) == ("matching" in help_), name
        if name in ("--start", "--end", "--since"):
            assert metavar == "TIME"


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_what_an_option_does_is_said_in_a_sentence(path: Words) -> None:
    for name, (help_, _) in options(path).items():
        assert help_.endswith("."), name
