"""The Python API gives the same as the database and detection, in types of pandas, with helpful errors."""

from __future__ import annotations

import csv
import io
import subprocess
import sys
import traceback
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import iotctl
from iotctl import analysis
from iotctl.errors import NotFoundError, UnreachableError, UsageError
from iotctl.repositories import Database
from tests.process import COMMAND
from tests.sensors import START, STEP, noise

SENSOR = "heizung.Druck"
# Without types, for arguments that they would not allow.
DETECT: Any = iotctl.detect

DAY = "2024-02-24", "2024-02-25"


@pytest.fixture
def fleet(plant_settings: None) -> iotctl.Fleet:
    return iotctl.connect()


def spiky() -> pd.Series[float]:
    """Three weeks with a spike, UTC."""
    value = noise(3000)
    value[1500] += 30
    times = pd.DatetimeIndex((START + STEP * np.arange(3000)).astype("datetime64[us]")).tz_localize("UTC")
    return pd.Series(value, index=times, name="spiky")


def test_readings_are_those_that_sql_finds_with_aware_times(fleet: iotctl.Fleet, plant: Database) -> None:
    with plant.connect() as conn:
        rows = conn.execute(
            "SELECT r.timestamp, r.sensor_value FROM reading r JOIN sensor USING (sensor_id) WHERE sensor_name = %s"
            " AND r.timestamp >= %s AND r.timestamp < %s ORDER BY 1",
            (SENSOR, "2024-02-24 00:00+01", "2024-02-25 00:00+01"),
        ).fetchall()
    series = fleet.readings(SENSOR, *DAY)
    assert list(series.items()) == rows
    assert len(rows) == 144
    assert str(series.index.dtype) == "datetime64[us, UTC]"
    table = fleet.readings_arrow(SENSOR, *DAY)
    assert table.schema.field("timestamp").type == pa.timestamp("us", tz="UTC")
    assert table.to_pydict() == {"timestamp": [row[0] for row in rows], "sensor_value": [row[1] for row in rows]}


def test_a_moment_means_the_same_however_it_is_given(fleet: iotctl.Fleet) -> None:
    wanted = fleet.readings(SENSOR, *DAY)
    berlin = ZoneInfo("Europe/Berlin")
    moments: list[tuple[Any, Any]] = [
        (date(2024, 2, 24), date(2024, 2, 25)),
        (datetime(2024, 2, 24), datetime(2024, 2, 25, tzinfo=berlin)),
        (datetime(2024, 2, 23, 23, tzinfo=UTC), pd.Timestamp("2024-02-24 23:00", tz="UTC")),
        (np.datetime64("2024-02-24"), "2024-02-24T23:00Z"),
    ]
    for start, end in moments:
        assert fleet.readings(SENSOR, start, end).equals(wanted)
    assert len(fleet.readings(SENSOR)) == 4024


def test_sensors_are_a_table_by_name(fleet: iotctl.Fleet) -> None:
    found = fleet.sensors("heizung.*")
    assert found["sensor_name"].tolist() == [
        f"heizung.{name}" for name in ["Außen", "Druck", "Leistung", "Rücklauf", "Vorlauf"]
    ]
    assert found["low"].dtype == np.float64
    druck = found.iloc[1]
    assert (druck["state"], druck["readings"], druck["last_value"]) == ("ok", 4024, 1.82)
    assert (druck["first"], druck["last"]) == tuple(fleet.readings(SENSOR).index[[0, -1]])
    assert druck["interval"] == pd.Timedelta("10min")
    assert fleet.sensors("pump_*").empty


def test_a_sensor_has_the_events_that_the_command_line_tells(fleet: iotctl.Fleet, plant: Database) -> None:
    said = subprocess.run([COMMAND, "detect", SENSOR], capture_output=True, text=True, check=True).stdout
    (row,) = csv.DictReader(io.StringIO(said))
    event = fleet.detect(SENSOR).events.iloc[0]
    assert (event["event_id"], event["kind"], event["explanation"]) == (
        row["event_id"],
        row["kind"],
        row["explanation"],
    )
    assert event["start"] == datetime.fromisoformat(row["start"])
    assert event["start"].tzinfo is not None
    with plant.connect() as conn:
        assert conn.execute("SELECT count(*) FROM anomaly").fetchone() == (0,)


def test_a_series_has_the_same_events_whatever_its_form() -> None:
    series = spiky()
    expected = analysis.detect(START + STEP * np.arange(3000), np.asarray(series)).events
    assert len(expected) == 1
    times = pd.DatetimeIndex(series.index)
    odd = pd.Series([1.0, None], index=pd.DatetimeIndex([None, times[7]], tz="UTC"))
    forms = [
        iotctl.detect(series),
        iotctl.detect(series.sample(frac=1, random_state=1)),
        iotctl.detect(series.tz_convert("Asia/Tokyo"), timezone="UTC"),
        iotctl.detect(series.tz_convert("Asia/Tokyo").tz_localize(None), timezone="Asia/Tokyo"),
        iotctl.detect(times, series.to_numpy()),
        iotctl.detect(times.tz_localize(None).to_numpy(), series.tolist(), timezone="UTC"),
        iotctl.detect(times.to_pydatetime().tolist(), series.astype("Float64")),
        iotctl.detect(pd.concat([series, series[:5]])),
        iotctl.detect(pd.concat([series, odd])),
    ]
    for form in forms:
        event = form.events.iloc[0]
        assert (event["kind"], event["event_id"]) == ("spike", expected[0].event_id)
        assert event["start"] == datetime.fromtimestamp(expected[0].start / 1e6, UTC)
        assert len(form.events) == 1
    assert forms[-2].dropped == {"repeated time": 5}
    assert forms[-1].dropped == {"not finite": 1, "no time": 1}


def test_a_result_shows_itself_and_holds_what_was_found() -> None:
    series = spiky().rename("<b>boiler</b>")
    series.attrs["unit"] = "bar"
    found = iotctl.detect(series)
    scores = found.scores
    assert scores["value"].tolist() == series.tolist()
    assert scores.index.equals(series.index)
    assert scores["score"].idxmax() == series.idxmax() == found.events["start"][0]
    assert (found.regimes["rows"].sum(), len(found.change_points)) == (3000, len(found.regimes) - 1)
    shown = found._repr_html_()
    assert "&lt;b&gt;boiler&lt;/b&gt;" in shown
    assert "<b>" not in shown
    assert "bar" in shown
    assert "spike" in repr(found)
    picture = found.plot("2015-01-08", "2015-01-15")._repr_svg_()
    assert picture.startswith("<svg")
    assert "1,008 readings" in picture
    assert len(picture) < 120_000
    nothing = iotctl.detect(series[:0])
    assert nothing.events.empty
    assert "0 readings" in repr(nothing)
    assert "0 readings" in nothing.plot()._repr_svg_()


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda s: DETECT(s.tz_localize(None)), "no time zone"),
        (lambda s: DETECT(s.reset_index(drop=True)), "does not hold times"),
        (lambda s: DETECT(s.to_frame()), "a table"),
        (lambda s: DETECT(s.index), "no values"),
        (lambda s: DETECT(s.index, [1.0]), "3,000 times and 1 value"),
        (lambda s: DETECT(s.index, ["x"] * 3000), "not numbers"),
        (lambda s: DETECT(np.arange(3), [1, 2, 3]), "not times"),
        (lambda s: DETECT(s, limits=(3, 1)), "lower limit"),
        (lambda s: DETECT(s, reference=("2015-01-02", "2015-01-01")), "start is not before end"),
        (lambda s: DETECT(s, reference=("soon", "later")), "'soon'"),
        (lambda s: DETECT(s, false_alarms=0), "false_alarms"),
        (lambda s: DETECT(s, threshold=0), "threshold"),
        (lambda s: DETECT(s, method="magic"), "method"),
        (lambda s: DETECT(s, timezone="Mars"), "Mars"),
        (lambda s: DETECT(s.tz_localize(None).shift(freq="82D"), timezone="Europe/Berlin"), "Europe/Berlin"),
        (lambda s: DETECT(s).plot().save("x.gif"), "x.gif"),
        (lambda s: DETECT(s).plot("2015-01-02", "2015-01-02"), "start is not before end"),
    ],
)
def test_a_wrong_argument_is_told_with_what_to_do(call: Callable[[Any], object], said: str) -> None:
    with pytest.raises(UsageError, match=said) as raised:
        call(spiky())
    assert raised.value.hint


def test_a_name_that_is_not_there_is_told_with_the_nearest(fleet: iotctl.Fleet) -> None:
    with fleet:
        for ask in (fleet.readings, fleet.detect, fleet.readings_arrow):
            with pytest.raises(NotFoundError, match=r"Nearest names: heizung[.]Druck"):
                ask("heizung.druk")
    with pytest.raises(UsageError, match="closed"):
        fleet.sensors()


def test_no_password_is_shown_anywhere(plant: Database, plant_settings: None) -> None:
    fleet = iotctl.connect(f"{plant.dsn} password=s3cretW0rd")
    assert "s3cretW0rd" not in f"{fleet!r} {fleet}"
    for url in ("postgresql://me:s3cretW0rd@localhost:1/x", "postgresql://me:s3cretW0rd@pw@localhost:1/x"):
        with pytest.raises(iotctl.IotctlError) as raised:
            iotctl.connect(url)
        told = "".join(traceback.format_exception(raised.value))
        assert "s3cretW0rd" not in told.replace(repr(url), "")
        assert "psycopg" not in told
    assert issubclass(UnreachableError, iotctl.IotctlError)


def test_an_import_loads_nothing_before_it_is_used() -> None:
    code = (
        "import sys, iotctl;"
        "print({'numpy', 'pandas', 'psycopg', 'pydantic', 'iotctl.api'} & set(sys.modules), dir(iotctl));"
        "from iotctl import *; print(detect.__module__, IotctlError.__name__); iotctl.nothing"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ended.stdout.splitlines() == [
        "set() ['Chart', 'DetectionResult', 'Fleet', 'IotctlError', '__version__', 'connect', 'detect']",
        "iotctl.api.series IotctlError",
    ]
    assert ended.stderr.splitlines()[-1] == "AttributeError: module 'iotctl' has no attribute 'nothing'"
