"""Where in a recording somebody speaks, and where it can be cut without hurting a word."""

import wave
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from jobs.toolbox import ffmpeg

RATE_HZ = 16_000
Samples = NDArray[np.float32]

# The detector's memory is short; long recordings are looked at in pieces.
_PIECE_S = 120.0
_JOIN_GAP_S = 0.2
_SHORTEST_S = 0.15
# A pause this long is a good place to cut.
_GOOD_PAUSE_S = 0.3
OVERLAP_S = 2.0


@dataclass(frozen=True, kw_only=True)
class Span:
    start_s: float
    end_s: float

    @property
    def duration_s(self) -> float:
        return self.end_s - self.start_s


@dataclass(frozen=True, kw_only=True)
class PartPlan:
    """One piece of the recording: what is heard of it, and what of that counts."""

    hear: Span
    # Inside `hear`; the same where the cut falls into a pause.
    own: Span


def extract(
    source: Path,
    target: Path,
    *,
    audio_track: int,
    duration_s: float,
    on_progress: Callable[[float], None] | None = None,
) -> None:
    """The sound as recognisers want it: one channel, 16 kHz, 16 bits."""
    ffmpeg.run(
        [
            *("-i", source, "-map", f"0:a:{audio_track}", "-ac", "1"),
            *("-ar", str(RATE_HZ), "-c:a", "pcm_s16le", target),
        ],
        on_progress=on_progress,
        duration_s=duration_s,
    )


def read_span(recording: Path, span: Span) -> Samples:
    """Samples between -1 and 1 of a part of a WAV file."""
    with wave.open(str(recording)) as file:
        first = min(int(span.start_s * RATE_HZ), file.getnframes())
        file.setpos(first)
        raw = file.readframes(int(span.duration_s * RATE_HZ))
    return np.frombuffer(raw, np.int16).astype(np.float32) / 32768.0


def length_of(recording: Path) -> float:
    with wave.open(str(recording)) as file:
        frames: int = file.getnframes()
        return frames / RATE_HZ


def spoken_spans(
    recording: Path, *, on_progress: Callable[[float], None] | None = None
) -> list[Span]:
    """Stretches of speech, found by a small neural net, piece by piece."""
    from faster_whisper.vad import VadOptions, get_speech_timestamps  # brings onnx

    options = VadOptions(threshold=0.45, min_silence_duration_ms=200, speech_pad_ms=60)
    spans: list[Span] = []
    duration_s = length_of(recording)
    for piece in _pieces(duration_s):
        samples = read_span(recording, piece)
        for found in get_speech_timestamps(samples, options):
            start = piece.start_s + found["start"] / RATE_HZ
            end = piece.start_s + found["end"] / RATE_HZ
            spans.append(Span(start_s=start, end_s=min(end, duration_s)))
        if on_progress:
            on_progress(piece.end_s / duration_s)
    return joined(spans)


def _pieces(duration_s: float) -> Iterator[Span]:
    start = 0.0
    while start < duration_s:
        end = min(start + _PIECE_S, duration_s)
        yield Span(start_s=start, end_s=end)
        start = end


def joined(spans: Sequence[Span]) -> list[Span]:
    """Neighbours with hardly a pause between them become one; clicks are dropped."""
    together: list[Span] = []
    for span in spans:
        start_s, end_s = span.start_s, span.end_s
        if together and start_s - together[-1].end_s < _JOIN_GAP_S:
            last = together.pop()
            start_s, end_s = last.start_s, max(last.end_s, end_s)
        together.append(Span(start_s=start_s, end_s=end_s))
    return [span for span in together if span.duration_s >= _SHORTEST_S]


def plan_parts(
    spans: Sequence[Span], *, target_s: float, longest_s: float
) -> list[PartPlan]:
    """Cut the speech into parts of about the target length, in pauses where there are any.

    Where somebody talks on without a pause, neighbours hear two seconds of each
    other, so that a word at the seam is whole in one of them.
    """
    parts: list[PartPlan] = []
    if not spans:
        return parts
    start, end = spans[0].start_s, spans[-1].end_s
    forced_before = False
    while start < end:
        if end - start <= longest_s and end - start <= target_s * 1.3:
            cut, forced = end, False
        else:
            cut, forced = _best_cut(
                spans, start, target_s=target_s, longest_s=longest_s
            )
        parts.append(
            PartPlan(
                hear=Span(
                    start_s=max(0.0, start - (OVERLAP_S if forced_before else 0.0)),
                    end_s=cut + (OVERLAP_S if forced else 0.0),
                ),
                own=Span(start_s=start, end_s=cut),
            )
        )
        start, forced_before = cut, forced
    return parts


def _best_cut(
    spans: Sequence[Span], start_s: float, *, target_s: float, longest_s: float
) -> tuple[float, bool]:
    """The middle of the best pause near the target, or the target itself, forced."""
    best: tuple[float, float] | None = None
    for left, right in pairwise(spans):
        pause = right.start_s - left.end_s
        middle = (left.end_s + right.start_s) / 2
        if (
            not start_s + target_s * 0.5
            <= middle
            <= start_s + min(target_s * 1.5, longest_s - OVERLAP_S)
        ):
            continue
        if pause < _GOOD_PAUSE_S:
            continue
        off = abs(middle - start_s - target_s) / target_s
        value = min(pause, 1.5) - off
        if best is None or value > best[0]:
            best = (value, middle)
    if best is not None:
        return best[1], False
    return start_s + min(target_s, longest_s - 2 * OVERLAP_S), True
