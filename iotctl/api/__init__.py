"""The Python API: what `import iotctl` offers to notebooks and programs.

Returned times are aware and UTC. Errors are IotctlError, with a hint what to do next.
"""

from iotctl.api.chart import Chart
from iotctl.api.fleet import Fleet, connect
from iotctl.api.result import DetectionResult
from iotctl.api.series import detect

__all__ = ["Chart", "DetectionResult", "Fleet", "connect", "detect"]
