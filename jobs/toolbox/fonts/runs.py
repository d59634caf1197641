"""A line cut into runs that one font can draw, in the order they are seen in."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from jobs.toolbox.fonts.files import covering, file_of, has_sign
from jobs.toolbox.fonts.letters import is_right_to_left, letters, sides_of
from jobs.toolbox.fonts.typeface import Typeface


@dataclass(frozen=True, kw_only=True)
class Run:
    text: str
    file: Path
    right_to_left: bool


def runs_of(text: str, face: Typeface) -> tuple[Run, ...]:
    return _runs_of(text, file_of(face))


def in_sight_order(runs: Sequence[Run], line: str) -> list[Run]:
    """Runs from left to right as they are seen."""
    base = is_right_to_left(line)
    ordered: list[list[Run]] = []
    for run in runs:
        if ordered and ordered[-1][0].right_to_left == run.right_to_left:
            ordered[-1].append(run)
        else:
            ordered.append([run])
    seen = [group[::-1] if group[0].right_to_left else group for group in ordered]
    return [run for group in (seen[::-1] if base else seen) for run in group]


def direction_of(run: Run) -> str:
    return "rtl" if run.right_to_left else "ltr"


def cased(text: str, face: Typeface) -> str:
    return text.upper() if face.upper else text


@cache
def _runs_of(text: str, own: Path) -> tuple[Run, ...]:
    runs: list[Run] = []
    clusters = letters(text)
    for cluster, side in zip(clusters, sides_of(clusters), strict=True):
        file = covering(cluster, own)
        if runs and _follows(cluster, runs[-1]):
            file = runs[-1].file
        if runs and (runs[-1].file, runs[-1].right_to_left) == (file, side):
            joined = runs.pop().text + cluster
            runs.append(Run(text=joined, file=file, right_to_left=side))
        else:
            runs.append(Run(text=cluster, file=file, right_to_left=side))
    return tuple(runs)


def _follows(cluster: str, run: Run) -> bool:
    """Points and spaces are set in the font of the letters before them."""
    if cluster[0].isalnum() or not has_sign(run.file, cluster):
        return False
    # A space of a picture font is as wide as its pictures.
    return not cluster.isspace() or run.text[-1].isalnum()
