"""Runs the ffmpeg program on local files, with progress, limits and a clean end."""

import ctypes
import re
import selectors
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import IO

from jobs.errors import EngineFailedError, EngineMissingError

OnProgress = Callable[[float], None]

# Demuxers that read one plain file. Playlists (hls, concat, dash, imf ...) are left
# out because they make ffmpeg open whatever other file they name.
SAFE_FORMATS = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,mpegvideo,flv,asf,ogg,"
    "mp3,wav,w64,flac,aac,aiff,caf,amr,ac3,eac3,mxf,h264,hevc,m4v,ivf,"
    "gif,apng,image2,image2pipe,png_pipe,jpeg_pipe,webp_pipe,bmp_pipe,tiff_pipe,"
    "rawvideo,yuv4mpegpipe,s16le,f32le,srt,webvtt,ass,ffmetadata"
)
# How often a quiet ffmpeg is looked after, so that a cancel is noticed in time.
_LOOK_SECONDS = 0.5
_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True, kw_only=True)
class _Settings:
    program: str = ""
    threads: int = 0


# Set once, when the process starts.
_configured: list[_Settings] = [_Settings()]


def configure(*, program: str = "", threads: int = 0) -> None:
    """Name another ffmpeg than the one that came with the packages, and its threads."""
    _configured[0] = _Settings(program=program, threads=threads)


def program() -> str:
    """The ffmpeg to call."""
    return _configured[0].program or _packaged_program()


@cache
def _packaged_program() -> str:
    import imageio_ffmpeg

    try:
        return str(imageio_ffmpeg.get_ffmpeg_exe())
    except RuntimeError as error:
        raise EngineMissingError(
            "ffmpeg", how_to_get="Install it, or set FFMPEG to its path."
        ) from error


def run(
    arguments: Sequence[str | Path],
    *,
    on_progress: OnProgress | None = None,
    duration_s: float | None = None,
) -> None:
    """Run ffmpeg to its end; `on_progress` hears 0 to 1 and may raise to stop it.

    `duration_s` is the length of what is written; without it progress stays at 0.
    """
    command = [*_front(), "-progress", "pipe:1", *guarded(arguments)]
    with (
        tempfile.TemporaryFile() as complaints,
        _child(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=complaints
        ) as process,
    ):
        assert process.stdout is not None
        for seconds in _told_times(process.stdout):
            if on_progress is not None:
                on_progress(min(seconds / duration_s, 1.0) if duration_s else 0.0)
        _finish(process, complaints)


def output(arguments: Sequence[str | Path]) -> bytes:
    """Run ffmpeg and take what it writes to `pipe:1`, for short results."""
    with (
        tempfile.TemporaryFile() as complaints,
        _child(
            [*_front(), *guarded(arguments)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=complaints,
        ) as process,
    ):
        assert process.stdout is not None
        written = process.stdout.read()
        _finish(process, complaints)
        return written


def report_of(arguments: Sequence[str | Path]) -> str:
    """Run ffmpeg for what a filter prints (loudnorm, ebur128, silencedetect)."""
    command = [program(), "-hide_banner", "-nostdin", "-nostats", *guarded(arguments)]
    with (
        tempfile.TemporaryFile() as words,
        _child(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=words,
        ) as process,
    ):
        process.wait()
        _finish(process, words)
        words.seek(0)
        return words.read().decode(errors="replace")


@contextmanager
def reading(arguments: Sequence[str | Path]) -> Iterator[IO[bytes]]:
    """A pipe from which ffmpeg's raw output is read as it comes (`pipe:1`)."""
    with (
        tempfile.TemporaryFile() as complaints,
        _child(
            [*_front(), *guarded(arguments)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=complaints,
        ) as process,
    ):
        assert process.stdout is not None
        yield process.stdout
        # Whoever stops early does not want the rest, and that is no failure.
        if process.stdout.read(1):
            process.kill()
        else:
            _finish(process, complaints)


@contextmanager
def writing(arguments: Sequence[str | Path]) -> Iterator[IO[bytes]]:
    """A pipe into which raw frames or samples are written (`-i pipe:0`)."""
    with (
        tempfile.TemporaryFile() as complaints,
        _child(
            [*_front(), *guarded(arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=complaints,
        ) as process,
    ):
        assert process.stdin is not None
        try:
            yield process.stdin
            process.stdin.close()
        except BrokenPipeError:
            process.wait()
        _finish(process, complaints)


def guarded(arguments: Sequence[str | Path]) -> list[str]:
    """The same arguments, each input held to one local file of a known format."""
    words = [str(word) for word in arguments]
    safe: list[str] = []
    start = 0
    for place, word in enumerate(words):
        if word != "-i":
            continue
        options, source = words[start:place], words[place + 1]
        safe += [*options, *_guard(options, source)]
        start = place + 2
    return safe + words[start:]


def _guard(options: Sequence[str], source: str) -> list[str]:
    if "lavfi" in options:
        return ["-i", source]
    if source in ("-", "pipe:0"):
        return ["-protocol_whitelist", "pipe", "-i", "pipe:0"]
    guards = ["-protocol_whitelist", "file"]
    # A list of the caller's own making (`-f concat`, `-f image2`) is named outright.
    if "-f" not in options:
        guards += ["-format_whitelist", SAFE_FORMATS]
    return [*guards, "-i", f"file:{Path(source).absolute()}"]


def _front() -> list[str]:
    front = [program(), "-hide_banner", "-nostdin", "-nostats", "-loglevel", "error"]
    if _configured[0].threads:
        front += ["-filter_threads", str(_configured[0].threads)]
    return [*front, "-y"]


@contextmanager
def _child(
    command: Sequence[str], **pipes: object
) -> Iterator[subprocess.Popen[bytes]]:
    """A child that ends with this block, and with this process whatever happens to it."""
    try:
        # It stays in our process group, so that stopping a worker stops it too.
        process: subprocess.Popen[bytes] = subprocess.Popen(  # type: ignore[call-overload]
            command,
            preexec_fn=_die_with_parent,  # noqa: PLW1509  # one system call, no lock
            **pipes,
        )
    except FileNotFoundError as error:
        raise EngineMissingError(
            command[0], how_to_get="Set FFMPEG to the program's path."
        ) from error
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None and not pipe.closed:
                _close(pipe)


def _close(pipe: IO[bytes]) -> None:
    try:
        pipe.close()
    except BrokenPipeError:
        # Bytes that a dead child no longer takes; its exit code tells the story.
        return


def _die_with_parent() -> None:
    _libc().prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


@cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None)


def _told_times(stdout: IO[bytes]) -> Iterator[float]:
    """The seconds written so far, at least every half second until the end."""
    seconds = 0.0
    told = b""
    with selectors.DefaultSelector() as selector:
        selector.register(stdout, selectors.EVENT_READ)
        while True:
            if selector.select(_LOOK_SECONDS):
                chunk = stdout.read1(65536)  # type: ignore[attr-defined]
                if not chunk:
                    return
                told = (told + chunk)[-4096:]
                times = re.findall(rb"out_time_us=(\d+)", told)
                seconds = int(times[-1]) / 1e6 if times else seconds
            yield seconds


def _finish(process: subprocess.Popen[bytes], complaints: IO[bytes]) -> None:
    if process.wait() != 0:
        complaints.seek(0)
        words = complaints.read().decode(errors="replace")
        raise EngineFailedError("ffmpeg", words)
