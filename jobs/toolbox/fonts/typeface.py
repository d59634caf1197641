"""How text is set: a family, its weight, and the space around its letters."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Typeface:
    """One voice of typography: a family, how heavy, and how its letters are set."""

    family: str
    weight: int = 400
    italic: bool = False
    # Extra space between letters, as a share of the size.
    tracking: float = 0.0
    upper: bool = False
    line_height: float = 1.15
