"""Detection in numpy arrays: segmentation, season, scores and events of one series of readings."""

from iotctl.analysis.detection import detect
from iotctl.analysis.modelling.segmentation import segment
from iotctl.analysis.options import DetectOptions

__all__ = ["DetectOptions", "detect", "segment"]
