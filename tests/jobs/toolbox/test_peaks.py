from pathlib import Path

import numpy as np
import pytest

from jobs.errors import UnreadableMediaError
from jobs.toolbox import ffmpeg, peaks
from tests.jobs.media import png

CODECS = ("pcm_u8", "pcm_s16le", "pcm_s24le", "pcm_s64le", "pcm_f64le", "flac", "mp3")


def _tone(path: Path, codec: str, seconds: float = 2.0) -> Path:
    """A second of silence, then a tone at half of full scale."""
    wave = f"aevalsrc=0.5*sin(2*PI*440*t)*gt(t\\,1)|0:d={seconds}:s=44100"
    ffmpeg.output(["-f", "lavfi", "-i", wave, "-c:a", codec, path])
    return path


@pytest.mark.parametrize("codec", CODECS)
def test_peaks_show_where_a_sound_is_loud(tmp_path: Path, codec: str) -> None:
    sound = _tone(tmp_path / "a.mkv", codec)

    found = peaks.read(sound, seconds=2, at_least=40)

    assert len(found) >= 40
    quiet, loud = found[: len(found) * 9 // 20], found[len(found) * 11 // 20 : -2]
    assert quiet.max() < 0.02
    assert loud.min() > 0.45
    assert found.max() < 0.6


def test_no_more_is_read_than_was_asked_for(tmp_path: Path) -> None:
    sound = _tone(tmp_path / "a.mkv", "pcm_s16le", seconds=3)

    assert peaks.read(sound, seconds=0.9, at_least=20).max() == 0


def test_a_damaged_spot_is_passed_over(tmp_path: Path) -> None:
    sound = _tone(tmp_path / "a.mp3", "mp3")
    content = bytearray(sound.read_bytes())
    content[4000:6000] = b"\xff\xfb\x90" * 666 + b"\0\0"
    sound.write_bytes(content)

    assert peaks.read(sound, seconds=2, at_least=40)[-8:-2].min() > 0.4


def test_samples_that_are_no_numbers_are_silence(tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    raw.write_bytes(np.full(4000, np.nan, "<f4").tobytes())
    sound = tmp_path / "a.wav"
    ffmpeg.output(["-f", "f32le", "-ar", "8000", "-i", raw, "-c:a", "copy", sound])

    assert peaks.read(sound, seconds=1, at_least=10).max() == 0


def test_a_picture_has_no_peaks(tmp_path: Path) -> None:
    picture = tmp_path / "a.png"
    picture.write_bytes(png())

    with pytest.raises(UnreadableMediaError):
        peaks.read(picture, seconds=1, at_least=10)
