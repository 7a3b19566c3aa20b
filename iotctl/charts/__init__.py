"""Charts of sensors as PNG, SVG or HTML, and pages of a whole fleet; nothing in them needs a network.

Pages need nothing more than iotctl itself, pictures the extra `plot`.
"""

from iotctl.charts.about import About
from iotctl.charts.detection import detection_svg, draw_detection
from iotctl.charts.event_list import label_of
from iotctl.charts.files import check_chart, check_pictures
from iotctl.charts.fleet import card_of, draw_fleet
from iotctl.charts.quality_page import QualityCard, draw_quality
from iotctl.charts.readings import NamedSeries, draw_readings

__all__ = [
    "About",
    "NamedSeries",
    "QualityCard",
    "card_of",
    "check_chart",
    "check_pictures",
    "detection_svg",
    "draw_detection",
    "draw_fleet",
    "draw_quality",
    "draw_readings",
    "label_of",
]
