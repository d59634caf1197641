"""The copy of a lesson that plays in every browser: H.264 and AAC, index first."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from jobs.toolbox import ffmpeg
from jobs.toolbox.probing import AudioTrack, MediaFacts, VideoTrack
from quizzes.errors import NoSuchTrackError

# A key frame this often makes scrubbing and stopping at a question quick.
KEY_FRAME_SECONDS = 2
MOST_FPS = 60
_MP4_FAMILY = ("mp4", "mov")
_BROWSER_PROFILES = ("Constrained Baseline", "Baseline", "Main", "High")


@dataclass(frozen=True, kw_only=True)
class ProxyOrder:
    """What the proxy should be like."""

    height_px: int = 720
    audio_track: int | None = None
    # mp4, mov, mkv or webm
    container: str = "mp4"
    threads: int = 2

    @property
    def filename(self) -> str:
        return f"proxy.{self.container}"


def make_proxy(
    source: Path,
    facts: MediaFacts,
    order: ProxyOrder,
    target: Path,
    *,
    on_progress: Callable[[float], None] | None = None,
) -> bool:
    """Write the proxy; True when the streams could be copied as they are."""
    track = chosen_track(facts, order.audio_track)
    copied = plays_everywhere(facts, track, order)
    arguments: list[str | Path] = ["-i", source]
    if facts.video:
        arguments += ["-map", "0:V:0"]
    if track:
        arguments += ["-map", f"0:a:{track.place}"]
    arguments += ["-map_metadata", "-1", "-map_chapters", "-1"]
    arguments += ["-c", "copy"] if copied else encoding(facts, order)
    if order.container in _MP4_FAMILY:
        arguments += ["-movflags", "+faststart"]
    ffmpeg.run(
        [*arguments, target], on_progress=on_progress, duration_s=facts.duration_s
    )
    return copied


def chosen_track(facts: MediaFacts, wanted: int | None) -> AudioTrack | None:
    """The track that was asked for, else the default one, else the first."""
    if wanted is not None:
        if wanted >= len(facts.audio):
            raise NoSuchTrackError(asked=wanted, present=len(facts.audio))
        return facts.audio[wanted]
    return next(
        (track for track in facts.audio if track.default), next(iter(facts.audio), None)
    )


def plays_everywhere(
    facts: MediaFacts, track: AudioTrack | None, order: ProxyOrder
) -> bool:
    """Whether browsers take these very streams, so that nothing is encoded again."""
    sound_fits = track is None or (track.codec == "aac" and track.channels <= 2)
    if not sound_fits or order.container not in (*_MP4_FAMILY, "mkv"):
        return False
    video = facts.video
    return video is None or (
        video.codec == "h264"
        and video.pixel_format == "yuv420p"
        and video.profile in _BROWSER_PROFILES
        and video.rotation == 0
        and video.square_pixels
        and not video.variable_frame_rate
        and video.height_px <= max(order.height_px, 1080)
        and video.fps <= MOST_FPS
    )


def encoding(facts: MediaFacts, order: ProxyOrder) -> list[str]:
    """The words that make ffmpeg encode the proxy; the benchmark runs them bare."""
    words: list[str] = []
    webm = order.container == "webm"
    if facts.video:
        words += _picture_words(facts.video, order, webm=webm)
    sound = ["libopus", "-b:a", "96k"] if webm else ["aac", "-b:a", "128k"]
    return [*words, "-c:a", *sound, "-ac", "2", "-ar", "48000"]


def _picture_words(video: VideoTrack, order: ProxyOrder, *, webm: bool) -> list[str]:
    fps = min(video.fps or 30.0, MOST_FPS)
    # Anamorphic pixels are stretched; both sides must be even.
    scale = (
        f"scale='trunc(iw*sar*min(1,{order.height_px}/ih)/2)*2'"
        f":'trunc(min(ih,{order.height_px})/2)*2',setsar=1"
    )
    coder = (
        "libvpx-vp9 -crf 34 -b:v 0 -deadline realtime -cpu-used 8 -row-mt 1".split()
        if webm
        else ["libx264", "-preset", "veryfast", "-crf", "23"]
    )
    return [
        *("-vf", scale, "-c:v", *coder, "-pix_fmt", "yuv420p"),
        *("-g", str(round(fps * KEY_FRAME_SECONDS)), "-threads", str(order.threads)),
        *("-fps_mode", "cfr", "-r", f"{fps:.6g}"),
    ]
