"""iotctl: from a bucket of IoT sensor files to the anomalies in them, with one command line or from Python.

In a notebook: `import iotctl; fleet = iotctl.connect()`; docs/how-to/python.md goes on from there. What is not in
`__all__` is the inside of the program, and may change with every version.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from iotctl.api import Chart, DetectionResult, Fleet, connect, detect
    from iotctl.errors import IotctlError

__version__ = "0.1.0"

__all__ = ["Chart", "DetectionResult", "Fleet", "IotctlError", "__version__", "connect", "detect"]


def __getattr__(name: str) -> object:
    # pandas and psycopg are loaded when the first of these names is used: the command line starts without them.
    if name not in __all__:
        raise AttributeError(f"module 'iotctl' has no attribute {name!r}")
    from importlib import import_module

    module = import_module("iotctl.errors" if name == "IotctlError" else "iotctl.api")
    found: object = getattr(module, name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted(__all__)
