"""Charts of a sensor as PNG, SVG or HTML, and a page of a whole fleet; nothing in them needs a network.

Importing this needs the extra `plot`.
"""

from iotctl.charts.detection import detection_svg, draw_detection, draw_linked_page
from iotctl.charts.files import check_suffix
from iotctl.charts.fleet import card_of, draw_fleet
from iotctl.charts.pages import write_library
from iotctl.charts.quality_page import QualityCard, draw_quality
from iotctl.charts.readings import draw_readings

__all__ = [
    "QualityCard",
    "card_of",
    "check_suffix",
    "detection_svg",
    "draw_detection",
    "draw_fleet",
    "draw_linked_page",
    "draw_quality",
    "draw_readings",
    "write_library",
]
