"""The page of metrics, from a file that the program writes."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

from iotctl.cli.ingest.metrics import write_metrics
from iotctl.services.ingest.rounds import nothing
from tests.docs.markdown import cell, generated, table

BEFORE = """
`iotctl ingest --metrics FILE` writes a file for the textfile collector of Prometheus' node_exporter:

```
iotctl ingest --metrics /var/lib/node_exporter/textfile/iotctl.prom
```

The file appears whole or not at all. With `--watch` it is written after each round. Rows and files are then those of
all rounds of the watch.

"""
AFTER = """
Alert on the age of `iotctl_ingest_last_success_timestamp_seconds`. A run is a success if its
[exit code](exit-codes.md) is 0 or 3.
"""


def metrics_page() -> str:
    """docs/reference/metrics.md."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "iotctl.prom"
        write_metrics(file, nothing(), 0, 1.0, succeeded=True)
        text = file.read_text()
    rows = []
    for name, meaning in re.findall(r"^# HELP (\S+) (.*)$", text, re.MULTILINE):
        (kind,) = re.findall(rf"^# TYPE {name} (\w+)$", text, re.MULTILINE)
        labels = re.findall(rf'^{name}{{(\w+)="(\w+)"}}', text, re.MULTILINE)
        values = f"`{labels[0][0]}`: " + ", ".join(f"`{value}`" for _, value in labels) if labels else ""
        rows.append([f"`{name}`", kind, cell(meaning), values])
    return generated("Metrics") + BEFORE + table(["metric", "type", "meaning", "label"], rows) + AFTER
