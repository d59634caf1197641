"""Type: font families found in installed packages or on the system, text of any script.

A line is cut into runs that one font can draw; Pillow's raqm shapes each run (Arabic
joins its letters, Devanagari its marks), and right-to-left runs are put in their order.
"""

from jobs.toolbox.fonts.drawing import drawn
from jobs.toolbox.fonts.files import font
from jobs.toolbox.fonts.letters import is_right_to_left
from jobs.toolbox.fonts.setting import fitted, width_px, wrapped
from jobs.toolbox.fonts.typeface import Typeface

__all__ = [
    "Typeface",
    "drawn",
    "fitted",
    "font",
    "is_right_to_left",
    "width_px",
    "wrapped",
]
