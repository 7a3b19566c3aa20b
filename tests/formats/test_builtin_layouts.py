"""Each layout that comes with iotctl reads a file of its kind; the readings are written down by hand."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from iotctl.formats import ReadOptions
from iotctl.formats.layouts.builtin import builtin_layouts, builtin_names
from iotctl.formats.layouts.layout import STANDARD
from iotctl.formats.layouts.layout_file import read_layouts
from iotctl.formats.layouts.layout_text import layout_toml
from tests.formats.test_layouts import batches, readings, rejects

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Sample:
    """A small file. readings: (sensor, time in UTC, value). rejects: line, reason, field."""

    name: str
    text: str
    readings: list[tuple[str, str, float]]
    missing: int = 0
    rejects: tuple[tuple[int, str, str], ...] = ()


SAMPLES = {
    "home-assistant": Sample(
        "history.csv",
        "entity_id,state,last_changed\n"
        "sensor.attic_temperature,21.5,2024-03-01T10:00:00.250Z\n"
        "sensor.attic_temperature,unavailable,2024-03-01T10:05:00.000Z\n"
        "binary_sensor.door,on,2024-03-01T10:06:00.000Z\n"
        "sensor.meter,1204.75,2024-03-01T11:00:00.000Z\n",
        [
            ("sensor.attic_temperature", "2024-03-01T10:00:00.250000", 21.5),
            ("sensor.meter", "2024-03-01T11:00:00", 1204.75),
        ],
        missing=1,
        rejects=((4, "value", "state"),),
    ),
    "thingspeak": Sample(
        "greenhouse.csv",
        "created_at,entry_id,field1,field2,latitude,longitude,elevation,status\n"
        "2024-03-01 10:00:00 UTC,1,21.5,55,,,,\n"
        "2024-03-01T10:05:00+01:00,2,nan,56,,,,\n",
        [
            ("greenhouse.field1", "2024-03-01T10:00:00", 21.5),
            ("greenhouse.field2", "2024-03-01T10:00:00", 55),
            ("greenhouse.field2", "2024-03-01T09:05:00", 56),
        ],
        missing=1,
    ),
    "toa5": Sample(
        "CR6_Hourly.dat",
        '"TOA5","North","CR6","4711","CR6.Std.10","CPU:n.CR6","99","Hourly"\n'
        '"TIMESTAMP","RECORD","Batt","AirT"\n"TS","RN","Volts","Deg C"\n"","","Min","Avg"\n'
        '"2024-01-01 00:00:00",7,12.5,-3.25\n"2024-01-01 01:00:00",8,12.4,"NAN"\n',
        [
            ("North.Batt", "2024-01-01T00:00:00", 12.5),
            ("North.AirT", "2024-01-01T00:00:00", -3.25),
            ("North.Batt", "2024-01-01T01:00:00", 12.4),
        ],
        missing=1,
    ),
    "sensor-community": Sample(
        "2024-01-01_bme280_sensor_77.csv",
        "sensor_id;sensor_type;location;lat;lon;timestamp;pressure;temperature;humidity\n"
        "77;BME280;12;48.1;9.2;2024-01-01T00:00:10;98000.5;-1.5;80\n"
        "77;BME280;12;48.1;9.2;2024-01-01T00:02:40;98001;;unavailable\n",
        [
            ("77.pressure", "2024-01-01T00:00:10", 98000.5),
            ("77.temperature", "2024-01-01T00:00:10", -1.5),
            ("77.humidity", "2024-01-01T00:00:10", 80),
            ("77.pressure", "2024-01-01T00:02:40", 98001),
        ],
        missing=2,
    ),
    "usgs-rdb": Sample(
        "site.txt",
        "# a comment\n#\nagency_cd\tsite_no\tdatetime\ttz_cd\t1_00060\t1_00060_cd\n5s\t15s\t20d\t6s\t14n\t10s\n"
        "USGS\t01234567\t2024-03-10 01:45\tEST\t120\tP\nUSGS\t01234567\t2024-03-10 03:00\tEDT\tIce\tP\n"
        "USGS\t01234567\t2024-03-10 03:15\tEDT\t121.5\tP\n",
        [
            ("01234567.1_00060", "2024-03-10T06:45:00", 120),
            ("01234567.1_00060", "2024-03-10T07:15:00", 121.5),
        ],
        missing=1,
    ),
    "dwd-hourly": Sample(
        "produkt_ff_stunde_20240101_20240102_00044.txt",
        "STATIONS_ID;MESS_DATUM;QN_3;   F;   D;eor\n"
        "         44;2024010100;   10;   2.9; 210;eor\n         44;2024010101;   10;  -999; 220;eor\n",
        [
            ("44.F", "2024-01-01T00:00:00", 2.9),
            ("44.D", "2024-01-01T00:00:00", 210),
            ("44.D", "2024-01-01T01:00:00", 220),
        ],
        missing=1,
    ),
    "noaa-isd": Sample(
        "72503014732.csv",
        '"STATION","DATE","NAME","TMP","DEW","SLP"\n'
        '"72503014732","2024-01-01T00:51:00","LA GUARDIA, NY US","+0056,5","-0011,5","10152,5"\n'
        '"72503014732","2024-01-01T01:51:00","LA GUARDIA, NY US","+9999,9","-0010,5","99999,9"\n',
        [
            ("72503014732.TMP", "2024-01-01T00:51:00", 56 * 0.1),
            ("72503014732.DEW", "2024-01-01T00:51:00", -11 * 0.1),
            ("72503014732.SLP", "2024-01-01T00:51:00", 10152 * 0.1),
            ("72503014732.DEW", "2024-01-01T01:51:00", -10 * 0.1),
        ],
        missing=2,
    ),
    "opensensemap": Sample(
        "data.json",
        '[{"sensorId":"a1","createdAt":"2024-01-01T00:00:00.000Z","value":"13.90","lat":51.9},\n'
        ' {"sensorId":"a1","createdAt":"2024-01-01T00:01:00.000Z","value":"14"}]\n',
        [("a1", "2024-01-01T00:00:00", 13.9), ("a1", "2024-01-01T00:01:00", 14)],
    ),
    "azure-iot-hub": Sample(
        "00.json",
        '{"EnqueuedTimeUtc":"2024-01-01T00:00:00.4000000Z","Properties":{"n":1},'
        '"SystemProperties":{"connectionDeviceId":"press-4"},"Body":{"temperature":71.25,"state":"run"}}\n'
        '{"EnqueuedTimeUtc":"2024-01-01T00:01:00.4000000Z","Properties":{},'
        '"SystemProperties":{"connectionDeviceId":"oven"},"Body":{"pressure":3}}\n',
        [
            ("press-4.Body.temperature", "2024-01-01T00:00:00.400000", 71.25),
            ("oven.Body.pressure", "2024-01-01T00:01:00.400000", 3),
        ],
    ),
}


def test_every_layout_has_a_sample() -> None:
    assert {*SAMPLES, STANDARD.name} == {*builtin_names()}


@pytest.mark.parametrize("name", SAMPLES)
def test_a_layout_by_name_reads_its_files(name: str) -> None:
    sample = SAMPLES[name]
    (layout,) = builtin_layouts(name)
    assert layout.name == name
    found = batches(sample.text.encode(), layout, ReadOptions(timezone="UTC"), name=sample.name)
    assert [
        (sensor, (EPOCH + timedelta(microseconds=time)).replace(tzinfo=None).isoformat(), float(value))
        for sensor, time, value in readings(found)
    ] == sample.readings
    assert sum(batch.missing for batch in found) == sample.missing
    assert rejects(found) == list(sample.rejects)


@pytest.mark.parametrize("name", SAMPLES)
def test_a_layout_by_name_can_be_written_for_others_to_edit(name: str) -> None:
    (layout,) = builtin_layouts(name)
    assert read_layouts(layout_toml(layout), name) == (layout,)
