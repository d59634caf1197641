"""Looks into sound and video without trusting them: what is there, how long, how turned."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from jobs.errors import UnreadableMediaError
from jobs.pipeline import Kind
from jobs.toolbox.ffmpeg import SAFE_FORMATS
from jobs.toolbox.sniffing import Sniffed, sniff
from jobs.toolbox.sources import Source

if TYPE_CHECKING:
    from av.audio.stream import AudioStream
    from av.container import InputContainer
    from av.video.stream import VideoStream

__all__ = [
    "AudioTrack",
    "MediaFacts",
    "VideoTrack",
    "opened",
    "picture",
    "probe",
    "sniff",
]

# Larger than any camera's; a header may claim anything.
MAX_SIDE_PX = 16_384
MAX_DURATION_S = 24 * 3600.0
MAX_STREAMS = 64
# Frame intervals are compared over this many packets.
_SAMPLED_PACKETS = 400
# Millisecond timestamps make a steady 30 fps alternate between 33 and 34 ms.
_STEADY_JITTER_S = 0.0025
_UNKNOWN_LANGUAGES = ("", "und")


@dataclass(frozen=True, kw_only=True)
class VideoTrack:
    """A file's picture, as it is shown: sides are after turning and pixel shape."""

    codec: str
    profile: str
    pixel_format: str
    width_px: int
    height_px: int
    # Degrees to turn the decoded picture clockwise: 0, 90, 180 or 270.
    rotation: int
    fps: float
    variable_frame_rate: bool
    square_pixels: bool


@dataclass(frozen=True, kw_only=True)
class AudioTrack:
    """One of a file's sound tracks, by its place among them."""

    place: int
    codec: str
    channels: int
    sample_rate_hz: int
    language: str
    title: str
    default: bool


@dataclass(frozen=True, kw_only=True)
class MediaFacts:
    """What a sound or video file holds."""

    kind: Kind
    content_type: str
    extension: str
    container: str
    size_bytes: int
    duration_s: float
    video: VideoTrack | None
    audio: Sequence[AudioTrack]
    # The codecs of embedded subtitle tracks, in order.
    subtitles: Sequence[str]

    @property
    def width_px(self) -> int | None:
        return self.video.width_px if self.video else None

    @property
    def height_px(self) -> int | None:
        return self.video.height_px if self.video else None


def probe(source: Source) -> MediaFacts:
    """Look into a sound or video file; its first picture is really decoded."""
    sniffed = _sniffed(source)
    with opened(source) as container:
        _check_sane(container)
        moving = _moving_stream(container)
        duration_s = _duration(container, source)
        video = _video_track(container, moving, source) if moving else None
        return MediaFacts(
            kind=Kind.VIDEO if video else Kind.AUDIO,
            content_type=_content_type(sniffed, has_video=video is not None),
            extension=sniffed.extension,
            container=container.format.name,
            size_bytes=container.size,
            duration_s=duration_s,
            video=video,
            audio=[
                _audio_track(place, stream)
                for place, stream in enumerate(container.streams.audio)
            ],
            subtitles=[
                stream.codec_context.name
                for stream in container.streams.subtitles
                if stream.codec_context
            ],
        )


def picture(source: Source) -> VideoTrack:
    """A video's picture alone: quicker than all facts where a length must be counted."""
    _sniffed(source)
    with opened(source) as container:
        _check_sane(container)
        moving = _moving_stream(container)
        if moving is None:
            raise UnreadableMediaError("The file has sound but no picture.")
        return _video_track(container, moving, source)


def _sniffed(source: Source) -> Sniffed:
    sniffed = sniff(source)
    if sniffed is None or sniffed.kind not in (Kind.VIDEO, Kind.AUDIO):
        found = sniffed.content_type if sniffed else "of no known kind"
        raise UnreadableMediaError(
            f"This is no video or sound file: its content is {found}."
        )
    return sniffed


@contextmanager
def opened(source: Source) -> "Iterator[InputContainer]":
    """A PyAV container that reads this one file and nothing that it names."""
    import av  # loads all of ffmpeg's libraries

    with _readable(source) as file:
        try:
            container = av.open(
                file,
                mode="r",
                options={
                    "protocol_whitelist": "file",
                    "format_whitelist": SAFE_FORMATS,
                },
                metadata_errors="replace",
            )
        except (av.FFmpegError, ValueError) as error:
            raise _unreadable(error) from error
        with container:
            try:
                yield container
            except av.FFmpegError as error:
                raise _unreadable(error) from error


@contextmanager
def _readable(source: Source) -> Iterator[str | BinaryIO]:
    """What ffmpeg reads a file by: it opens those on this disk itself, and faster."""
    if isinstance(source, Path):
        yield f"file:{source.absolute()}"
    else:
        with source.open("rb") as file:
            yield file


def _unreadable(error: Exception) -> UnreadableMediaError:
    reason = str(error.args[1]) if len(error.args) > 1 else str(error)
    return UnreadableMediaError(
        f"The file cannot be read as video or sound ({reason}). It may be cut off, "
        "damaged or protected; export it again and upload that."
    )


def _check_sane(container: "InputContainer") -> None:
    if len(container.streams) > MAX_STREAMS:
        raise UnreadableMediaError(
            f"The file claims {len(container.streams)} tracks; {MAX_STREAMS} are taken."
        )
    for stream in container.streams.video:
        if max(stream.width, stream.height) > MAX_SIDE_PX:
            raise UnreadableMediaError(
                f"The picture is {stream.width} x {stream.height}; "
                f"{MAX_SIDE_PX} pixels a side are taken."
            )


def _moving_stream(container: "InputContainer") -> "VideoStream | None":
    """The moving picture; a song's cover is a video stream, too, and is not meant."""
    from av.stream import Disposition

    return next(
        (
            stream
            for stream in container.streams.video
            if not stream.disposition & Disposition.attached_pic and stream.width
        ),
        None,
    )


def _duration(container: "InputContainer", source: Source) -> float:
    if container.duration:
        seconds = container.duration / 1e6
    else:
        # Streams that were recorded live carry no length: count what is there.
        seconds = _counted_duration(source)
    if not 0 < seconds <= MAX_DURATION_S:
        raise UnreadableMediaError(
            f"The file says it plays {seconds:.0f} s; more than 0 s and at most "
            f"{MAX_DURATION_S / 3600:.0f} hours are taken."
        )
    return seconds


def _counted_duration(source: Source) -> float:
    first: float | None = None
    last = 0.0
    with opened(source) as container:
        for packet in container.demux():
            if packet.pts is None or packet.time_base is None:
                continue
            start = float(packet.pts * packet.time_base)
            first = start if first is None else min(first, start)
            last = max(last, start + float((packet.duration or 0) * packet.time_base))
    return last - (first or 0.0)


def _video_track(
    container: "InputContainer", stream: "VideoStream", source: Source
) -> VideoTrack:
    import av

    try:
        frame = next(container.decode(stream), None)
    except av.FFmpegError as error:
        raise _unreadable(error) from error
    if frame is None:
        raise UnreadableMediaError("The file has a video track without any picture.")
    shape = stream.sample_aspect_ratio or 1
    width_px, height_px = round(frame.width * shape), frame.height
    # The display matrix counts turns counter-clockwise.
    rotation = round(-frame.rotation / 90) * 90 % 360
    if rotation in (90, 270):
        width_px, height_px = height_px, width_px
    context = stream.codec_context
    return VideoTrack(
        codec=context.name,
        profile=context.profile or "",
        pixel_format=context.pix_fmt or "",
        width_px=width_px,
        height_px=height_px,
        rotation=rotation,
        fps=float(stream.average_rate or stream.guessed_rate or 0),
        variable_frame_rate=_varies(source, stream.index),
        square_pixels=shape == 1,
    )


def _varies(source: Source, stream_index: int) -> bool:
    """Whether frames come at uneven intervals, as from phones and screen recorders."""
    with opened(source) as container:
        stream = container.streams[stream_index]
        packets = islice(container.demux(stream), _SAMPLED_PACKETS)
        times = sorted(
            float(packet.pts * packet.time_base)
            for packet in packets
            if packet.pts is not None and packet.time_base is not None
        )
    # The order of decoding is not that of showing: the last few may miss neighbours.
    gaps = [b - a for a, b in zip(times, times[1:-16] or times[1:], strict=False)]
    return bool(gaps) and max(gaps) - min(gaps) > _STEADY_JITTER_S


def _audio_track(place: int, stream: "AudioStream") -> AudioTrack:
    from av.stream import Disposition

    context = stream.codec_context
    language = stream.language or ""
    return AudioTrack(
        place=place,
        codec=context.name,
        channels=context.channels,
        sample_rate_hz=context.sample_rate or 0,
        language="" if language in _UNKNOWN_LANGUAGES else language,
        title=stream.metadata.get("title", ""),
        default=bool(stream.disposition & Disposition.default),
    )


def _content_type(sniffed: Sniffed, *, has_video: bool) -> str:
    kind, _, subtype = sniffed.content_type.partition("/")
    if kind == "video" and not has_video:
        return f"audio/{subtype}"
    return sniffed.content_type
