"""Words that stand on the slides, read by tesseract where it is installed.

A recogniser that knows them beforehand understands a lesson's own terms better.
"""

import shutil
import subprocess
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from jobs.toolbox import frames
from quizzes.engines.writing.lexicon import STOPWORDS, words_of

_MOST_STILLS = 16
_STILL_EVERY_S = 8.0
_LONGEST_PX = 1280
_SHORTEST_WORD = 4
_SHORTEST_ACRONYM, _LONGEST_ACRONYM = 2, 5
_MOST_WORDS = 200
# Mean difference (0 to 255) below which a still shows what was read already.
_SAME = 2.0
_PATIENCE_S = 30


def available() -> bool:
    return shutil.which("tesseract") is not None


def read_words(video: Path, duration_s: float) -> tuple[str, ...]:
    """Words in the order in which they are seen, then pairs of them, in small letters."""
    count = max(1, min(_MOST_STILLS, round(duration_s / _STILL_EVERY_S)))
    lines: dict[str, None] = {}
    seen: list[NDArray[np.int16]] = []
    for number in range(count):
        moment_s = (number + 0.9) * duration_s / count
        still = frames.at(video, moment_s, longest_px=_LONGEST_PX)
        small = cv2.resize(still, (64, 36), interpolation=cv2.INTER_AREA)
        look = np.asarray(small, np.int16)
        if any(np.abs(look - other).mean() < _SAME for other in seen):
            continue
        seen.append(look)
        lines.update(dict.fromkeys(_lines_in(still)))
    return expected_of(lines)


def expected_of(lines: Iterable[str]) -> tuple[str, ...]:
    """What a recogniser should expect of a lesson with these lines on its slides.

    “Calvin cycle” as one long word is heard where “calvin” would be taken for “carbon”.
    """
    words: dict[str, None] = {}
    pairs: dict[str, None] = {}
    for line in lines:
        told = [_as_said(word, line) for word in words_of(line)]
        words |= dict.fromkeys(filter(_is_telling, told))
        pairs |= dict.fromkeys(
            f"{one} {other}"
            for one, other in pairwise(told)
            if _is_telling(one) and _is_telling(other)
        )
    return (*tuple(words)[:_MOST_WORDS], *tuple(pairs)[:_MOST_WORDS])


def _as_said(word: str, line: str) -> str:
    """In small letters; only what is spelled out when it is said keeps its capitals."""
    shouted = line.upper() == line
    spelled = word.isupper() and len(word) <= _LONGEST_ACRONYM and not shouted
    return word if spelled else word.lower()


def _is_telling(word: str) -> bool:
    if word.isupper():
        return word.isalpha() and len(word) >= _SHORTEST_ACRONYM
    return word.isalpha() and len(word) >= _SHORTEST_WORD and word not in STOPWORDS


def _lines_in(still: frames.Pixels) -> list[str]:
    encoded = cv2.imencode(".png", still[..., ::-1])[1].tobytes()
    # Page mode 11: text wherever it stands, in no particular order.
    read = subprocess.run(
        ["tesseract", "stdin", "stdout", "--psm", "11", "-l", "eng"],
        input=encoded,
        capture_output=True,
        timeout=_PATIENCE_S,
        check=False,
    )
    # What cannot be read helps nobody, and is no reason to stop listening.
    return read.stdout.decode(errors="replace").splitlines()
