"""Detection in numpy arrays: segmentation, season, scores and events of one series of readings."""

from iotctl.analysis.detection import detect
from iotctl.analysis.options import DetectOptions
from iotctl.analysis.segmentation import segment

__all__ = ["DetectOptions", "detect", "segment"]
