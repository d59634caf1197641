"""Stills of a lesson: a poster, and a sheet of small ones for scrubbing."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import ceil
from pathlib import Path

import numpy as np
from PIL import Image

from jobs.toolbox import frames
from jobs.toolbox.captions import Cue, to_vtt
from jobs.toolbox.frames import Pixels, Sampling
from jobs.toolbox.probing import probe

MOST_TILES = 100
COLUMNS = 10
TILE_WIDTH_PX = 160
POSTER_PX = 1280
THUMBNAIL_PX = 320
_STILLS = 9


@dataclass(frozen=True, kw_only=True)
class Sprite:
    """Small pictures on one sheet, one every `interval_s`."""

    sheet: Pixels
    tile_px: tuple[int, int]
    count: int
    interval_s: float

    def write(self, sheet: Path, cues: Path, *, duration_s: float) -> None:
        Image.fromarray(self.sheet).save(sheet, quality=80, optimize=True)
        cues.write_text(self.vtt(sheet.name, duration_s), encoding="utf-8")

    def vtt(self, sheet_name: str, duration_s: float) -> str:
        """WebVTT that names each tile by a media fragment, as players expect."""
        width, height = self.tile_px
        cues: list[Cue] = []
        for tile in range(self.count):
            start = tile * self.interval_s
            end = duration_s if tile == self.count - 1 else start + self.interval_s
            x, y = tile % COLUMNS * width, tile // COLUMNS * height
            place = f"{sheet_name}#xywh={x},{y},{width},{height}"
            cues.append(Cue(start_s=start, end_s=end, lines=(place,)))
        return to_vtt(cues)


def make_sprite(
    video: Path, duration_s: float, *, on_progress: Callable[[float], None]
) -> Sprite:
    """One pass over the key frames; only where they are far apart is more decoded."""
    count = max(1, min(MOST_TILES, round(duration_s)))
    interval_s = duration_s / count
    wanted = [(tile + 0.5) * interval_s for tile in range(count)]
    tiles = _nearest_key_frames(video, wanted, interval_s, duration_s, on_progress)
    for tile, moment in enumerate(wanted):
        if tiles[tile] is None:
            tiles[tile] = frames.at(video, moment, longest_px=_tile_longest(video))
    pictures = [tile for tile in tiles if tile is not None]
    height, width = pictures[0].shape[:2]
    sheet = np.zeros((ceil(count / COLUMNS) * height, COLUMNS * width, 3), np.uint8)
    if count < COLUMNS:
        sheet = sheet[:, : count * width]
    for tile, picture in enumerate(pictures):
        y, x = tile // COLUMNS * height, tile % COLUMNS * width
        sheet[y : y + height, x : x + width] = picture
    return Sprite(
        sheet=sheet, tile_px=(width, height), count=count, interval_s=interval_s
    )


def _tile_longest(video: Path) -> int:
    picture = frames.picture_of(probe(video))
    # Tall videos get tiles of the same width, not of the same longest side.
    return round(TILE_WIDTH_PX * max(1.0, picture.height_px / picture.width_px))


def _nearest_key_frames(
    video: Path,
    wanted: list[float],
    interval_s: float,
    duration_s: float,
    on_progress: Callable[[float], None],
) -> list[Pixels | None]:
    tiles: list[Pixels | None] = [None] * len(wanted)
    misses = [interval_s] * len(wanted)
    sampling = Sampling(longest_px=_tile_longest(video), key_frames_only=True)
    for frame in frames.read(video, sampling):
        on_progress(min(frame.time_s / duration_s, 1.0))
        near = min(int(frame.time_s / interval_s), len(wanted) - 1)
        for tile in (near - 1, near, near + 1):
            if 0 <= tile < len(wanted):
                miss = abs(frame.time_s - wanted[tile])
                if miss < misses[tile]:
                    tiles[tile], misses[tile] = frame.pixels, miss
    return tiles


@dataclass(frozen=True, kw_only=True)
class Stills:
    """A few moments of a lesson: the one with the most to see, and all of them, small."""

    poster: Pixels
    thumbnails: list[Pixels]


def take_stills(video: Path, duration_s: float) -> Stills:
    poster: Pixels | None = None
    most = -1.0
    thumbnails: list[Pixels] = []
    for still in _candidates(video, duration_s):
        # Neither black nor a blur.
        interest = _interest(still)
        if interest > most:
            poster, most = still, interest
        small = Image.fromarray(still)
        small.thumbnail((THUMBNAIL_PX, THUMBNAIL_PX))
        thumbnails.append(np.asarray(small))
    assert poster is not None
    return Stills(poster=poster, thumbnails=thumbnails)


def _candidates(video: Path, duration_s: float) -> Iterator[Pixels]:
    # Titles and first slides stand near the start: look there more closely.
    for turn in range(1, _STILLS + 1):
        share = (turn / (_STILLS + 1)) ** 2
        yield frames.at(video, duration_s * share, longest_px=POSTER_PX)


def _interest(pixels: Pixels) -> float:
    grey = pixels[::4, ::4].mean(axis=2)
    across = np.abs(np.diff(grey, axis=1)).mean()
    down = np.abs(np.diff(grey, axis=0)).mean()
    return float(min(grey.std(), 60.0) / 60.0 + min(across + down, 20.0) / 20.0)


def save_jpeg(pixels: Pixels, path: Path, *, quality: int = 85) -> None:
    Image.fromarray(pixels).save(path, quality=quality, optimize=True)
