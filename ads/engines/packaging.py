"""The finished files: scenes joined with their sound, a WebM, a poster."""

from collections.abc import Sequence
from pathlib import Path

from ads.engines import soundtrack
from jobs.toolbox import audio, ffmpeg, loudness
from jobs.toolbox.audio import Sound

# A scene's film and its seconds: a file tells its own length in whole milliseconds only,
# and frames joined by that would not be evenly spaced.
TimedFilm = tuple[Path, float]

# Ticks a second of the films' clocks: a frame is a whole number of them.
TIMESCALE = "30000"


def encode_sound(mix: Sound, target: Path) -> Path:
    """The mix as AAC, its peaks below the limit once they are decoded again.

    AAC rounds peaks up or down by some tenths; how far is known only afterwards.
    """
    ceiling = soundtrack.CEILING_DBTP
    for _ in range(4):
        whole = soundtrack.mastered(mix, ceiling_dbtp=ceiling)
        wav = audio.write_wav(target.with_suffix(".wav"), whole)
        ffmpeg.run(["-i", wav, "-c:a", "aac", "-b:a", "192k", "-ar", "48000", target])
        peak = loudness.true_peak_dbtp(audio.read_any(target, channels=2))
        if peak <= loudness.CEILING_DBTP - 0.1:
            break
        ceiling -= peak - loudness.CEILING_DBTP + 0.25
    return target


def join(
    scenes: Sequence[TimedFilm],
    sound: Path,
    target: Path,
    *,
    duration_s: float,
) -> Path:
    """One MP4: the scenes' film and their sound untouched, ready to play while it loads."""
    clock = ("-video_track_timescale", TIMESCALE, "-movflags", "+faststart")
    return _joined(scenes, sound, target, ("-c:a", "copy", *clock), duration_s)


def join_webm(
    scenes: Sequence[TimedFilm],
    sound: Path,
    target: Path,
    *,
    duration_s: float,
) -> Path:
    """The same for players that want free formats."""
    # The encoder's last third of care takes half of its time.
    coding = ("-c:a", "libopus", "-b:a", "128k", "-compression_level", "5")
    return _joined(scenes, sound, target, coding, duration_s)


def _joined(
    scenes: Sequence[TimedFilm],
    sound: Path,
    target: Path,
    options: Sequence[str],
    duration_s: float,
) -> Path:
    """Scenes joined as they are."""
    # Another format of the same film may be joined at the same time.
    order = target.with_name(f"{target.name}.txt")
    order.write_text(
        "".join(
            f"file '{scene.resolve()}'\nduration {seconds:.6f}\n"
            for scene, seconds in scenes
        ),
        encoding="utf-8",
    )
    ffmpeg.run(
        [
            *("-f", "concat", "-safe", "0", "-i", order, "-i", sound),
            *("-map", "0:v", "-map", "1:a", "-c:v", "copy"),
            *options,
            *("-t", f"{duration_s:.4f}", target),
        ],
        duration_s=duration_s,
    )
    return target


def poster(video: Path, at_s: float, target: Path) -> Path:
    """One frame as a JPEG."""
    ffmpeg.run(
        ["-ss", f"{at_s:.3f}", "-i", video, "-frames:v", "1", "-q:v", "2", target]
    )
    return target
