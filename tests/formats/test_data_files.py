from __future__ import annotations

import pytest

from iotctl.formats.data_files import is_data_file, suffixes_read
from iotctl.formats.layouts.layout import AUTO, STANDARD, Form, Layout, TimeLayout

JSON = Layout(TimeLayout(("t",)), form=Form.JSON)
LOGS = Layout(TimeLayout(("t",)), files=("boiler/*.bin", "*.report"))


@pytest.mark.parametrize(
    ("name", "layouts", "expected"),
    [
        ("a.csv", (STANDARD,), True),
        ("s3://b/x/a.CSV.gz", (STANDARD,), True),
        ("a.parquet", (STANDARD,), True),
        ("a.parquet.gz", (STANDARD,), False),
        ("a.jsonl", (STANDARD,), False),
        ("a.jsonl", (JSON,), True),
        ("a.ndjson.zst", (STANDARD, JSON), True),
        ("a.csv", (JSON,), True),
        ("a.lp", (JSON,), False),
        ("a.dat", (STANDARD,), False),
        ("a.dat", (Layout(TimeLayout(("t",))),), True),
        ("a.xlsx", (Layout(TimeLayout(("t",)), form=Form.XLSX),), True),
        ("a.xlsx.gz", (Layout(TimeLayout(("t",)), form=Form.XLSX),), False),
        ("/data/boiler/7.bin", (LOGS,), True),
        ("/data/other/7.bin", (LOGS,), False),
        ("may.report.gz", (LOGS,), True),
        ("a.png", (LOGS, JSON, AUTO), False),
        *((f"a{suffix}", (AUTO,), True) for suffix in (".json", ".jsonl", ".lp", ".dat", ".lvm", ".log", ".xlsx")),
    ],
)
def test_a_name_is_that_of_a_data_file_by_the_layouts(name: str, layouts: tuple[Layout, ...], expected: bool) -> None:
    assert is_data_file(name, layouts) is expected


def test_what_is_read_is_named_for_people() -> None:
    assert suffixes_read((STANDARD,)) == ".csv .tsv .txt, also with .gz .zst .bz2 .xz, and .parquet .pq"
    assert "names that match boiler/*.bin *.report" in suffixes_read((LOGS,))
