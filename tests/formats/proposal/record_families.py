"""Files without lines of fields: JSON, line protocol, responses of InfluxDB, in the form of FAMILIES."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from iotctl.formats.proposal.proposal import Hints
from tests.formats.proposal.families import Family, Series, clock, instant, lines, series, values
from tests.formats.test_xlsx import workbook

RECORD_FAMILIES: list[Family] = []


def family(make: Callable[[], Family]) -> Callable[[], Family]:
    RECORD_FAMILIES.append(make())
    return make


def zoneless(slug: str, name: str, content: bytes, truth: dict[str, Series], missing: int = 0) -> Family:
    """A family with times that have a zone."""
    return Family(slug, name, content, truth, Hints(), needs_zone=False, missing=missing)


def json_lines(records: Sequence[Mapping[str, object]]) -> bytes:
    return lines(*(json.dumps(record, ensure_ascii=False) for record in records))


def two_devices(first: str = "pump-8", second: str = "Förderband 1") -> dict[str, list[float | None]]:
    cells: list[float | None] = [*values(2)]
    cells[5] = None
    return {first: [*values(1)], second: cells}


@family
def long_lines() -> Family:
    times, records, truth = clock(), [], dict[str, Series]()
    for device, numbers in two_devices().items():
        for metric, shift in (("temperature", 0.0), ("current", 100.0)):
            cells = [None if number is None else number + shift for number in numbers]
            records += [
                {
                    "ts": f"{time:%Y-%m-%dT%H:%M:%S}.000+01:00",
                    "device": device,
                    "metric": metric,
                    "value": cell,
                    "unit": "A",
                }
                for time, cell in zip(times, cells, strict=True)
            ]
            truth[f"{device}.{metric}"] = series(times, cells)
    return zoneless("json-long", "readings.jsonl", json_lines(records), truth, missing=2)


@family
def iot_hub() -> Family:
    times, records, truth = clock(), [], dict[str, Series]()
    for device, numbers in two_devices("press-04", "Dev-1").items():
        for time, number in zip(times, numbers, strict=True):
            sent = f"{time:%Y-%m-%dT%H:%M:%S}.4000000Z"
            body = {"temperature": number, "running": True}
            system = {"connectionDeviceId": device, "connectionAuthMethod": '{"scope":"device"}', "enqueuedTime": sent}
            records.append({"EnqueuedTimeUtc": sent, "Properties": {}, "SystemProperties": system, "Body": body})
        exact = [time + timedelta(milliseconds=400) for time in times]
        truth[device] = series(exact, numbers, "UTC")
    return zoneless("iot-hub", "00.json", json_lines(records), truth, missing=1)


@family
def box_array() -> Family:
    times, records, truth = clock(), [], dict[str, Series]()
    for number, (sensor, what) in enumerate(
        (("3990fa3ddb8df733", "Temperatur"), ("8d668c9f72c9f89d", "rel. Luftfeuchte"))
    ):
        numbers = values(number)
        records += [
            {
                "sensorId": sensor,
                "createdAt": f"{time:%Y-%m-%dT%H:%M:%S}.623Z",
                "value": f"{value:.2f}",
                "lat": 51.95,
                "lon": 7.63,
                "boxName": "Schulhof",
                "phenomenon": what,
                "unit": "°C",
            }
            for time, value in zip(times, numbers, strict=True)
        ]
        truth[sensor] = series([time + timedelta(milliseconds=623) for time in times], numbers, "UTC")
    return zoneless("box-array", "boxes.json", json.dumps(records).encode(), truth)


@family
def array_in_an_answer() -> Family:
    times, truth = clock(), dict[str, Series]()
    rows: list[dict[str, object]] = []
    for device, numbers in two_devices().items():
        rows += [
            {"deviceId": device, "time": instant(t) // 1000, "flow": n} for t, n in zip(times, numbers, strict=True)
        ]
        truth[device] = series(times, numbers)
    answer = {"status": "ok", "count": len(rows), "data": {"rows": rows}}
    return zoneless("array-in-an-answer", "api.json", json.dumps(answer, indent=1).encode(), truth, missing=1)


@family
def lorawan() -> Family:
    times, records, truth = clock(), [], dict[str, Series]()
    for device, numbers in two_devices("meter-1", "meter-2").items():
        records += [
            {
                "end_device_ids": {"device_id": device},
                "received_at": f"{time:%Y-%m-%dT%H:%M:%S}.123456789Z",
                "uplink_message": {"decoded_payload": {"level": number}},
            }
            for time, number in zip(times, numbers, strict=True)
        ]
        exact = [time + timedelta(microseconds=123_456) for time in times]
        truth[device] = series(exact, numbers, "UTC")
    return zoneless("lorawan", "uplinks.json", json_lines(records), truth, missing=1)


@family
def victoria_metrics() -> Family:
    times, records, truth = clock(), [], dict[str, Series]()
    for instance, numbers in two_devices("m1", "press-04:9100").items():
        for name, shift in (("temperature_celsius", 0.0), ("power_watts", 500.0)):
            cells = [None if number is None else number + shift for number in numbers]
            for begin in (0, 30):
                labels = {"__name__": name, "job": "plant", "instance": instance, "cpu": "0"}
                stamps = [instant(time) // 1000 for time in times[begin : begin + 30]]
                records.append({"metric": labels, "values": cells[begin : begin + 30], "timestamps": stamps})
            truth[name + instance] = series(times, cells)
    return zoneless("victoria-metrics", "export.jsonl", json_lines(records), truth, missing=2)


@family
def line_protocol() -> Family:
    times, rows, truth = clock(), [], dict[str, Series]()
    for host, numbers in two_devices("C", "B").items():
        cells = [0.5 if number is None else number for number in numbers]
        for measurement in ("plant", "hall"):
            shift = len(measurement)
            rows += [
                f"{measurement},host={host},site=a\\ b temp={cell + shift},fan={row}i {instant(time) * 1000}"
                for row, (time, cell) in enumerate(zip(times, cells, strict=True))
            ]
            truth[f"{measurement}{host}t"] = series(times, [cell + shift for cell in cells])
            truth[f"{measurement}{host}f"] = series(times, [float(row) for row in range(len(times))])
    return zoneless("line-protocol", "plant.lp", lines(*rows), truth)


@family
def annotated_csv() -> Family:
    times, rows, truth = clock(), [], dict[str, Series]()
    for table, (host, numbers) in enumerate(two_devices("a", "b").items()):
        cells = [0.5 if number is None else number for number in numbers]
        rows += [
            "#datatype,string,long,dateTime:RFC3339,dateTime:RFC3339,dateTime:RFC3339,double,string,string,string",
            "#group,false,false,true,true,false,false,true,true,true",
            "#default,_result,,,,,,,,",
            ",result,table,_start,_stop,_time,_value,_field,_measurement,host",
            *(
                f",,{table},2021-03-01T00:00:00Z,2021-04-01T00:00:00Z,{time:%Y-%m-%dT%H:%M:%SZ},{cell},temp,climate,{host}"
                for time, cell in zip(times, cells, strict=True)
            ),
            "",
        ]
        truth[host] = series(times, cells, "UTC")
    return zoneless("annotated-csv", "query.csv", lines(*rows, end="\r\n"), truth)


@family
def columns_of_an_answer() -> Family:
    times, temps = clock(timedelta(hours=1)), values(1, 1)
    hourly = {"time": [f"{time:%Y-%m-%dT%H:%M}" for time in times], "temperature_2m": temps}
    answer = {"latitude": 52.5, "hourly_units": {"time": "iso8601"}, "hourly": hourly}
    truth = {"t": series(times, temps, "UTC")}
    return Family("columns-of-an-answer", "meteo.json", json.dumps(answer).encode(), truth, Hints(timezone="UTC"))


def parquet(table: pa.Table) -> bytes:
    stored = io.BytesIO()
    pq.write_table(table, stored)
    return stored.getvalue()


@family
def parquet_of_devices() -> Family:
    times, devices, truth = clock(), two_devices("fan-A", "mixer 2"), dict[str, Series]()
    stamps = [datetime.fromtimestamp(instant(time) / 1e6, tz=UTC) for time in times]
    for device, cells in devices.items():
        truth[device] = series(times, cells)
    table = pa.table(
        {
            "ts": pa.array(stamps * 2, pa.timestamp("ms", "Europe/Berlin")),
            "device_id": [device for device in devices for _ in times],
            "temperature": [cell for cells in devices.values() for cell in cells],
        }
    )
    return zoneless("parquet-of-devices", "telemetry.parquet", parquet(table), truth, missing=1)


@family
def parquet_of_tags() -> Family:
    times, (first, second) = clock(), two_devices().values()
    table = pa.table(
        {"Timestamp": pa.array(times, pa.timestamp("ns")), "PLANT1.TIC-101.PV": first, "PUMP_07.VIB_X": second}
    )
    truth = {"PLANT1.TIC-101.PV": series(times, first), "PUMP_07.VIB_X": series(times, second)}
    return Family("parquet-of-tags", "tags.parquet", parquet(table), truth, missing=1, sensors=frozenset(truth))


@family
def sheet() -> Family:
    times, (first, second) = clock(), two_devices().values()
    rows: list[list[Any]] = [
        [time, a, "n/a" if b is None else b] for time, a, b in zip(times, first, second, strict=True)
    ]
    head: list[list[Any]] = [
        ["Report of oven 3", None, None],
        [None, None, None],
        ["Time", "Temperature (°C)", "CO2"],
        [None, None, "ppm"],
    ]
    truth = {"a": series(times, first), "b": series(times, second)}
    units = frozenset({"°C", "ppm"})
    return Family("sheet", "oven-3.xlsx", workbook(*head, *rows), truth, missing=1, units=units, tolerance=1000)
