"""Text broken into lines, and the size at which it fits."""

import unicodedata
from collections.abc import Sequence

from jobs.toolbox.fonts.files import loaded
from jobs.toolbox.fonts.letters import letters
from jobs.toolbox.fonts.runs import cased, direction_of, runs_of
from jobs.toolbox.fonts.typeface import Typeface


def width_px(text: str, face: Typeface, size_px: int) -> float:
    """How wide a line of text comes out."""
    set_text = cased(text, face)
    width = sum(
        loaded(run.file, size_px, face.weight).getlength(
            run.text, direction=direction_of(run)
        )
        for run in runs_of(set_text, face)
    )
    return width + _spaces(set_text, face) * face.tracking * size_px


def wrapped(
    text: str, face: Typeface, size_px: int, *, max_width_px: float
) -> list[str]:
    """Lines no wider than asked; a word that is too wide by itself is cut."""
    lines: list[str] = []
    for piece in _breakable(text):
        word = piece
        joined = f"{lines[-1]}{word}" if lines else word
        if lines and width_px(joined.strip(), face, size_px) <= max_width_px:
            lines[-1] = joined
            continue
        while width_px(word.strip(), face, size_px) > max_width_px and len(word) > 1:
            share = max_width_px / width_px(word.strip(), face, size_px)
            cut = max(int(len(word) * share), 1)
            lines.append(word[:cut])
            word = word[cut:]
        lines.append(word)
    return [line.strip() for line in lines if line.strip()]


def fitted(
    text: str,
    face: Typeface,
    *,
    max_width_px: float,
    max_height_px: float,
    largest_px: int,
    smallest_px: int,
    max_lines: int = 3,
) -> tuple[int, list[str]]:
    """The largest size at which a text fits a box, and its lines; cut with … at the least."""
    size = largest_px
    while True:
        lines = wrapped(text, face, size, max_width_px=max_width_px)
        high = len(lines) * size * face.line_height
        # A word broken in two looks like a mistake: smaller letters come first.
        whole = all(width_px(word, face, size) <= max_width_px for word in text.split())
        if len(lines) <= max_lines and high <= max_height_px and whole:
            return size, _balanced(lines, text, face, size, max_width_px)
        if size <= smallest_px:
            rows = max(
                min(max_lines, int(max_height_px / (size * face.line_height))), 1
            )
            return size, _shortened(lines, rows, face, size, max_width_px)
        size = max(int(size * 0.94), smallest_px)


def _spaces(text: str, face: Typeface) -> int:
    return sum(
        len(letters(run.text)) for run in runs_of(text, face) if not run.right_to_left
    )


def _breakable(text: str) -> list[str]:
    """Pieces between which a line may be broken: words, and every Han sign or kana."""
    pieces: list[str] = []
    for sign in text:
        name = unicodedata.name(sign, "")
        alone = name.startswith(("CJK UNIFIED", "HIRAGANA", "KATAKANA"))
        if not pieces or (alone and sign.isalpha()) or pieces[-1][-1:].isspace():
            pieces.append(sign)
        else:
            pieces[-1] += sign
    return pieces


def _balanced(
    lines: list[str], text: str, face: Typeface, size_px: int, max_width_px: float
) -> list[str]:
    """The same number of lines, as even in width as they can be."""
    if len(lines) < 2:
        return lines
    narrow, wide = 0.0, max_width_px
    best = lines
    for _ in range(7):
        middle = (narrow + wide) / 2
        tried = wrapped(text, face, size_px, max_width_px=middle)
        whole = all(width_px(word, face, size_px) <= middle for word in text.split())
        if len(tried) <= len(lines) and whole:
            wide, best = middle, tried
        else:
            narrow = middle
    return best


def _shortened(
    lines: Sequence[str], rows: int, face: Typeface, size_px: int, max_width_px: float
) -> list[str]:
    kept = list(lines[:rows])
    if len(lines) > rows:
        last = kept[-1]
        while last and width_px(f"{last}…", face, size_px) > max_width_px:
            last = last[:-1]
        kept[-1] = f"{last.rstrip()}…"
    return kept
