import re
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from ads.engines import footage
from ads.engines.films import encoding
from jobs.toolbox import ffmpeg
from jobs.toolbox.probing import probe

# Not a multiple of what encoders like.
SIZE = (180, 320)


def frames(count: int) -> list[np.ndarray]:
    """A bright bar that wanders over grey."""
    wide, high = SIZE
    made = []
    for number in range(count):
        planes = np.full(wide * high * 3 // 2, 128, np.uint8)
        planes[: wide * high].reshape(high, wide)[:, number * 4 : number * 4 + 20] = 210
        made.append(planes)
    return made


def settings_of(path: Path) -> str:
    """What x264 writes into its films of how it was told to make them."""
    found = re.search(rb"cabac=[^\x00\x80]+", path.read_bytes())
    assert found is not None
    return found[0].decode()


def test_a_film_is_what_ffmpegs_program_makes_of_the_same_frames(
    tmp_path: Path,
) -> None:
    film, again = tmp_path / "film.mp4", tmp_path / "again.mp4"
    raw = tmp_path / "frames.yuv"
    raw.write_bytes(b"".join(planes.tobytes() for planes in frames(12)))

    with encoding(film, footage.H264, SIZE) as made:
        for planes in frames(12):
            made.add(planes)
    coding = footage.H264.as_arguments()
    ffmpeg.run([*footage.raw_video(*SIZE), "-i", raw, *coding, again])

    assert settings_of(film) == settings_of(again)
    seen = [
        ffmpeg.output(["-i", str(path), "-f", "md5", "pipe:1"])
        for path in (film, again)
    ]
    assert seen[0] == seen[1]


def test_a_smaller_film_shows_the_same(tmp_path: Path) -> None:
    film = tmp_path / "film.webm"
    coding = replace(footage.VP8, scale=Fraction(2, 3))

    with encoding(film, coding, SIZE) as made:
        for planes in frames(6):
            made.add(planes)

    facts = probe(film).video
    assert facts
    assert (facts.width_px, facts.height_px) == (120, 212)
    arguments = ["-i", film, "-f", "rawvideo", "-pix_fmt", "gray", "pipe:1"]
    shown = np.frombuffer(ffmpeg.output(arguments), np.uint8).reshape(-1, 212, 120)
    assert len(shown) == 6
    # The last bar lies from 20 to 40, at two thirds from 13 to 27.
    bright = np.flatnonzero(shown[5].mean(axis=0) > shown[5].mean() + 20)
    assert abs(int(bright[0]) - 13) <= 2
    assert abs(int(bright[-1]) - 26) <= 2


def test_a_picture_that_stands_is_encoded_once_and_shown_as_long(
    tmp_path: Path,
) -> None:
    still, moving = tmp_path / "still.webm", tmp_path / "moving.mp4"
    first, second = frames(2)

    for path, coding in ((still, footage.VP8), (moving, footage.H264)):
        with encoding(path, coding, SIZE) as made:
            made.add(first)
            made.add(second)
            for _ in range(8):
                made.hold(second)

    assert len(times_of(moving)) == 10
    assert times_of(still) == pytest.approx([0, 1 / 30, 9 / 30], abs=0.002)


def times_of(path: Path) -> list[float]:
    """When each frame of a film is shown."""
    with av.open(str(path)) as film:
        return [float(frame.time or 0) for frame in film.decode(video=0)]


def test_a_film_that_is_given_up_hides_no_error(tmp_path: Path) -> None:
    def interrupted() -> None:
        with encoding(tmp_path / "film.mp4", footage.H264, SIZE) as made:
            made.add(frames(1)[0])
            raise InterruptedError

    with pytest.raises(InterruptedError):
        interrupted()
