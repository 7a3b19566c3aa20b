"""The README's pictures of the demo, taken in Chromium: a chart of a sensor, and the page of all sensors.

python -m tests.bench.readme_pictures [FOLDER]: FOLDER is that of a demo; it is made where it is not there.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.charts.browser import screenshot

PICTURES = Path(__file__).parents[2] / "docs" / "pictures"
# Page of the demo, picture, height; each is 1200 pixels wide and has less than 200 kB.
WANTED = (("sensor_00003.html", "chart.png", 1030), ("report.html", "fleet.png", 1000))
_WIDTH, _MOST_BYTES = 1200, 200_000


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path, nargs="?", default=Path("demo"))
    folder: Path = parser.parse_args().folder
    if not (folder / "report.html").exists():
        subprocess.run([sys.executable, "-m", "iotctl", "demo", str(folder)], check=True)
    PICTURES.mkdir(exist_ok=True)
    for page, name, height in WANTED:
        with tempfile.TemporaryDirectory() as profile:
            screenshot(folder / page, PICTURES / name, (_WIDTH, height), Path(profile))
        size = (PICTURES / name).stat().st_size
        print(PICTURES / name, size)
        assert size < _MOST_BYTES, "too large for a README"


if __name__ == "__main__":
    main()
