"""Films whose changes are known, because they are drawn here: scenes, slides, mischief."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from jobs.toolbox import ffmpeg
from jobs.toolbox.fonts import Typeface, font

Picture = NDArray[np.uint8]
FPS = 30


@dataclass(frozen=True, kw_only=True)
class Truth:
    """A change that a detector should find: where it begins and ends, and its kind."""

    start_s: float
    end_s: float
    kind: str


@dataclass(frozen=True, kw_only=True)
class Film:
    path: Path
    duration_s: float
    truths: Sequence[Truth]


class Place:
    """A made-up place that a camera drifts through: blobs, texture and light of its own."""

    def __init__(self, rng: np.random.Generator, size: tuple[int, int]) -> None:
        width, height = size
        self.size = size
        big = (height * 3 // 2, width * 3 // 2)
        base = rng.uniform(20, 235, 3)
        noise = sum(
            cv2.resize(
                rng.normal(0, 1, (cells, cells * 16 // 9, 3)),
                big[::-1],
                interpolation=cv2.INTER_CUBIC,
            )
            * strength
            for cells, strength in ((3, 45), (9, 25), (40, 12))
        )
        picture = np.clip(base + noise, 0, 255).astype(np.uint8)
        for _ in range(rng.integers(4, 12)):
            centre = (int(rng.integers(big[1])), int(rng.integers(big[0])))
            colour = tuple(int(c) for c in rng.integers(0, 256, 3))
            radius = int(rng.integers(height // 20, height // 4))
            if rng.random() < 0.5:
                cv2.circle(picture, centre, radius, colour, -1, cv2.LINE_AA)
            else:
                far = (centre[0] + radius * 2, centre[1] + radius)
                cv2.rectangle(picture, centre, far, colour, -1)
        self.picture = picture
        self.start = rng.uniform(0.05, 0.2, 2)
        self.drift = rng.uniform(-0.01, 0.01, 2)
        self.walker = tuple(int(c) for c in rng.integers(0, 256, 3))
        self.pace = float(rng.uniform(0.05, 0.25))

    def at(self, t: float, *, shift: tuple[float, float] = (0.0, 0.0)) -> Picture:
        width, height = self.size
        x = (self.start[0] + self.drift[0] * t + shift[0]) * width
        y = (self.start[1] + self.drift[1] * t + shift[1]) * height
        x = float(np.clip(x, 0, width // 2 - 1))
        y = float(np.clip(y, 0, height // 2 - 1))
        move = np.float32([[1, 0, -x], [0, 1, -y]])
        shown = cv2.warpAffine(self.picture, move, (width, height))
        where = (int((self.pace * t % 1.2 - 0.1) * width), int(height * 0.62))
        cv2.ellipse(
            shown, where, (height // 14, height // 5), 0, 0, 360, self.walker, -1
        )
        return np.asarray(shown, np.uint8)


def film_of_cuts(
    target: Path, *, seed: int = 1, scenes: int = 12, size: tuple[int, int] = (640, 360)
) -> Film:
    """Hard cuts, with flashes, pans and shakes that are none."""
    rng = np.random.default_rng(seed)
    truths: list[Truth] = []

    def pictures() -> Iterator[Picture]:
        moment = 0
        for scene in range(scenes):
            place = Place(rng, size)
            length = int(rng.integers(1 * FPS, 4 * FPS))
            if scene:
                truths.append(
                    Truth(start_s=moment / FPS, end_s=moment / FPS, kind="cut")
                )
            mischief = rng.choice(["none", "flash", "pan", "shake"])
            at = int(rng.integers(length // 3, length // 2))
            for frame in range(length):
                shift = (0.0, 0.0)
                if mischief == "pan" and frame > at:
                    shift = (min(frame - at, 8) * 0.035, 0.0)
                if mischief == "shake" and frame in (at, at + 1):
                    shift = (0.04, 0.03)
                shown = place.at(frame / FPS, shift=shift)
                if mischief == "flash" and at <= frame < at + 2:
                    shown = np.clip(shown.astype(int) + 150, 0, 255).astype(np.uint8)
                yield shown
            moment += length

    duration_s = _write(target, pictures(), size)
    return Film(path=target, duration_s=duration_s, truths=truths)


def film_of_passages(
    target: Path, *, seed: int = 2, scenes: int = 12, size: tuple[int, int] = (640, 360)
) -> Film:
    """Dissolves and fades through black of several lengths, and a light that dims."""
    rng = np.random.default_rng(seed)
    truths: list[Truth] = []

    def pictures() -> Iterator[Picture]:
        moment = 0
        place = Place(rng, size)
        for _ in range(scenes):
            length = int(rng.integers(2 * FPS, 4 * FPS))
            dims = rng.random() < 0.3
            for frame in range(length):
                shown = place.at(frame / FPS)
                if dims:
                    dark = 0.5 + 0.5 * abs(1 - 2 * frame / length)
                    shown = (shown * dark).astype(np.uint8)
                yield shown
            moment += length
            following = Place(rng, size)
            turn = int(rng.integers(FPS // 2, FPS * 3 // 2))
            kind = "dissolve" if rng.random() < 0.6 else "fade"
            for step in range(turn):
                share = (step + 1) / (turn + 1)
                old = place.at((length + step) / FPS).astype(np.float32)
                new = following.at(-(turn - step) / FPS).astype(np.float32)
                if kind == "dissolve":
                    mixed = old * (1 - share) + new * share
                else:
                    mixed = old * max(0, 1 - 2 * share) + new * max(0, 2 * share - 1)
                yield mixed.astype(np.uint8)
            truths.append(
                Truth(start_s=moment / FPS, end_s=(moment + turn) / FPS, kind=kind)
            )
            moment += turn
            place = following
        for frame in range(FPS):
            yield place.at(frame / FPS)

    duration_s = _write(target, pictures(), size)
    return Film(path=target, duration_s=duration_s, truths=truths)


_WORDS = (
    "energy cells light plants water growth market price demand supply matter force "
    "speed graph table index query memory kernel thread packet router protein enzyme "
    "membrane nucleus orbit planet gravity friction vector matrix column density"
).split()


def film_of_slides(
    target: Path,
    *,
    seed: int = 3,
    slides: int = 12,
    size: tuple[int, int] = (960, 540),
    speaker: bool = True,
    seconds: tuple[int, int] = (5, 11),
    fps: int = 10,
) -> Film:
    """A screencast: bullets appear, a word is corrected, a cursor moves, slides return."""
    rng = np.random.default_rng(seed)
    decks = [_deck_slide(rng, size, number) for number in range(slides)]
    order = list(range(slides))
    for back in range(slides // 5):
        place = int(rng.integers(3, len(order) - 1))
        order.insert(place + 1, order[max(0, place - 2 - back)])
    truths: list[Truth] = []

    def pictures() -> Iterator[Picture]:
        moment = 0
        cursor = np.array([size[0] / 2, size[1] / 2])
        for place, number in enumerate(order):
            states = decks[number]
            length = int(rng.integers(seconds[0] * fps, seconds[1] * fps))
            if place and order[place - 1] != number:
                truths.append(
                    Truth(start_s=moment / fps, end_s=moment / fps, kind="slide")
                )
            for frame in range(length):
                state = states[min(frame * len(states) // length, len(states) - 1)]
                shown = state.copy()
                cursor += rng.normal(0, 6, 2)
                cursor = np.clip(cursor, 5, np.array(size) - 15)
                x, y = (int(c) for c in cursor)
                cv2.fillConvexPoly(
                    shown, np.array([[x, y], [x + 9, y + 9], [x, y + 13]]), (20, 20, 20)
                )
                if speaker:
                    _draw_speaker(shown, rng, (moment + frame) / fps)
                yield shown
            moment += length

    duration_s = _write(target, pictures(), size, fps=fps)
    return Film(path=target, duration_s=duration_s, truths=truths)


def _deck_slide(
    rng: np.random.Generator, size: tuple[int, int], number: int
) -> list[Picture]:
    """A slide's states, one bullet more in each, and at times a corrected word."""
    title = " ".join(rng.choice(_WORDS, 3)).capitalize()
    bullets = [" ".join(rng.choice(_WORDS, rng.integers(3, 7))) for _ in range(4)]
    states: list[Picture] = []
    shown_first = int(rng.integers(1, 4))
    chart = rng.random() < 0.4
    heights = rng.uniform(0.1, 0.4, 5)
    for count in range(shown_first, len(bullets) + 1):
        states.append(_drawn(size, title, bullets[:count], number, chart, heights))
    if rng.random() < 0.4:
        changed = [*bullets[:-1], bullets[-1] + " revised"]
        states.append(_drawn(size, title, changed, number, chart, heights))
    return states


def _drawn(
    size: tuple[int, int],
    title: str,
    bullets: Sequence[str],
    number: int,
    chart: bool,
    heights: NDArray[np.float64],
) -> Picture:
    width, height = size
    image = Image.new("RGB", size, "white")
    pen = ImageDraw.Draw(image)
    pen.rectangle((0, 0, width, height // 40), fill=(40, 70, 140))
    pen.text(
        (width // 20, height - height // 14),
        "Course 101",
        font=_font(height // 28),
        fill=(120, 120, 120),
    )
    pen.text(
        (width - width // 12, height - height // 14),
        str(number + 1),
        font=_font(height // 28),
        fill=(120, 120, 120),
    )
    pen.text((width // 20, height // 12), title, font=_font(height // 12), fill="black")
    for row, bullet in enumerate(bullets):
        place = (width // 16, height // 4 + row * height // 9)
        pen.text(place, f"• {bullet}", font=_font(height // 20), fill=(30, 30, 30))
    if chart:
        for bar, tall in enumerate(heights):
            left = width * 0.62 + bar * width * 0.045
            pen.rectangle(
                (left, height * (0.68 - tall), left + width * 0.03, height * 0.68),
                fill=(60 + bar * 30, 130, 200 - bar * 30),
            )
    return np.asarray(image)


def _font(size_px: int) -> ImageFont.FreeTypeFont:
    return font(Typeface(family="Inter"), size_px)


def _draw_speaker(shown: Picture, rng: np.random.Generator, t: float) -> None:
    height, width = shown.shape[:2]
    box = shown[int(height * 0.7) : height - 8, int(width * 0.8) : width - 8]
    box[:] = (90, 110, 120)
    noise = rng.normal(0, 4, box.shape[:2])[..., None]
    centre = (
        int(box.shape[1] * (0.5 + 0.1 * np.sin(t * 2.1))),
        int(box.shape[0] * (0.5 + 0.08 * np.sin(t * 3.3))),
    )
    face_px = (box.shape[1] // 6, box.shape[0] // 4)
    canvas = np.ascontiguousarray(box)
    cv2.ellipse(canvas, centre, face_px, 0, 0, 360, (220, 180, 150), -1)
    mouth = (centre[0], centre[1] + face_px[1] // 2)
    open_px = (face_px[0] // 3, 1 + int(4 * abs(np.sin(t * 9))))
    cv2.ellipse(canvas, mouth, open_px, 0, 0, 360, (120, 40, 40), -1)
    box[:] = np.clip(canvas + noise, 0, 255).astype(np.uint8)


def _write(
    target: Path, pictures: Iterator[Picture], size: tuple[int, int], fps: int = FPS
) -> float:
    width, height = size
    count = 0
    with ffmpeg.writing(
        [
            *("-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}"),
            *("-r", str(fps), "-i", "pipe:0", "-c:v", "libx264", "-preset", "fast"),
            *("-crf", "22", "-pix_fmt", "yuv420p", str(target)),
        ]
    ) as pipe:
        for picture in pictures:
            pipe.write(np.ascontiguousarray(picture).tobytes())
            count += 1
    return count / fps


@dataclass(frozen=True, kw_only=True)
class Score:
    precision: float
    recall: float

    @property
    def f1(self) -> float:
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0


def judged(found: Sequence[float], film: Film, *, slack_s: float) -> Score:
    """Each truth may be met once, by a mark inside its span give or take the slack."""
    open_truths = list(film.truths)
    hits = 0
    for moment in found:
        match = next(
            (
                truth
                for truth in open_truths
                if truth.start_s - slack_s <= moment <= truth.end_s + slack_s
            ),
            None,
        )
        if match:
            open_truths.remove(match)
            hits += 1
    return Score(
        precision=hits / len(found) if found else float(not film.truths),
        recall=hits / len(film.truths) if film.truths else 1.0,
    )
