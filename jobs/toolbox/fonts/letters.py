"""Signs with what belongs to them, and the side they are read from."""

import unicodedata
from collections.abc import Sequence

RIGHT_TO_LEFT = ("R", "AL", "AN")
# What is part of the letter before it: joiners, variation selectors, skin tones.
JOINER, SELECTORS = "\u200d", range(0xFE00, 0xFE10)
_SKIN_TONES = range(0x1F3FB, 0x1F400)


def is_right_to_left(text: str) -> bool:
    """Whether a text's first strong letter is written from right to left."""
    for sign in text:
        kind = unicodedata.bidirectional(sign)
        if kind in ("L", *RIGHT_TO_LEFT):
            return kind != "L"
    return False


def letters(text: str) -> list[str]:
    """Signs with the marks, joiners and selectors that belong to them."""
    clusters: list[str] = []
    for sign in text:
        if clusters and (
            unicodedata.combining(sign)
            or unicodedata.category(sign) in ("Mn", "Mc", "Me")
            or sign == JOINER
            or ord(sign) in SELECTORS
            or ord(sign) in _SKIN_TONES
            or clusters[-1].endswith(JOINER)
        ):
            clusters[-1] += sign
        else:
            clusters.append(sign)
    return clusters


def sides_of(clusters: Sequence[str]) -> list[bool]:
    """Whether each cluster is read from the right: a neutral one as both its neighbours
    are, and as the line is where they differ.
    """
    base = is_right_to_left("".join(clusters))
    strong = [_strong_side(cluster) for cluster in clusters]
    sides: list[bool] = []
    for index, side in enumerate(strong):
        if side is None:
            before = next((s for s in reversed(strong[:index]) if s is not None), base)
            after = next((s for s in strong[index:] if s is not None), base)
            sides.append(before if before == after else base)
        else:
            sides.append(side)
    return sides


def _strong_side(cluster: str) -> bool | None:
    kind = unicodedata.bidirectional(cluster[0])
    if kind in ("L", "EN"):
        return False
    return True if kind in RIGHT_TO_LEFT else None
