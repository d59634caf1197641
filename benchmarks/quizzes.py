"""Lessons, measured: scenes, proxy, speech, subtitles, quiz gates, memory, all of it.

`python -m benchmarks.quizzes --json` prints one JSON object a line. `--only scenes,gates`
runs some; `--audio x.wav --reference x.txt` adds a recording to the word error rates;
`--hours 2` adds the memory that a lesson of that length takes.
"""

import argparse
import json
import os
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import chain
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from benchmarks.quizzes_films import (
    Film,
    Score,
    film_of_cuts,
    film_of_passages,
    film_of_slides,
    judged,
)
from benchmarks.quizzes_whole import whole
from jobs.toolbox import audio, captions, ffmpeg, speech
from jobs.toolbox.probing import probe
from jobs.toolbox.speech import Delivery
from quizzes.content import QuestionType, Word
from quizzes.engines import (
    aligning,
    ears,
    pictures,
    slide_words,
    speech_activity,
    waveform,
)
from quizzes.engines.proxy import ProxyOrder, encoding, make_proxy
from quizzes.engines.scenes.detect import find_changes
from quizzes.engines.speech_activity import Span
from quizzes.engines.writing import local
from quizzes.engines.writing.finishing import finish
from quizzes.engines.writing.gates import alike, verdict
from quizzes.engines.writing.source import Quotes
from quizzes.sample import LESSON
from quizzes.stages.transcription import LONGEST_PART_S, PART_S
from tests.quizzes.lessons import MARKETS, NETWORKS, PLANTS, transcript_of

Line = dict[str, Any]
# Everyday words, read clearly.
READ_ALOUD = (
    "Every morning the old man walked down to the river with his dog. The water was "
    "cold and clear, and small boats moved slowly past the trees. He sat on a wooden "
    "bench and watched the people on the other side. Some of them were going to work, "
    "and some were taking their children to school. In the winter there were only a "
    "few of them, but he came all the same. When the sun was high he stood up and went "
    "home to make his lunch."
)
# What a lesson of two hours may take.
MOST_MIB = 600
# Parts are heard one after another, and each is let go: some of them tell.
HEARD_EVERY = 6
TAUGHT = " ".join(slide.narration for slide in LESSON[:4])
ON_SLIDES = slide_words.expected_of(
    line for slide in LESSON for line in (slide.title, *slide.bullets)
)
# Another subject, that nothing here was tuned on.
TAUGHT_TOO = NETWORKS.partition(" TCP is")[0]
ON_THOSE_SLIDES = slide_words.expected_of(
    (
        "How computers talk",
        "Networks exchange data",
        "A packet carries an address",
        "Routers forward packets",
        "Switches connect computers",
    )
)


def scenes(folder: Path) -> Iterator[Line]:
    """F1 on films whose changes are known, side by side on the same files."""
    kinds: tuple[tuple[str, Callable[..., Film], Sequence[int], int, float], ...] = (
        ("hard_cuts", film_of_cuts, (1, 4, 5), 30, 1 / 30 + 1e-3),
        ("fades_and_dissolves", film_of_passages, (2, 7, 8), 30, 0.0),
        ("slides", film_of_slides, (3, 10), 10, 1.0),
    )
    for name, make, seeds, fps, slack_s in kinds:
        films = [make(folder / f"{name}-{seed}.mp4", seed=seed) for seed in seeds]
        ours = [
            judged(
                [
                    mark.time_s
                    for mark in find_changes(
                        film.path, duration_s=film.duration_s, fps=fps
                    ).marks
                ],
                film,
                slack_s=slack_s,
            )
            for film in films
        ]
        line: Line = {"measure": f"scenes_{name}", "f1": _mean_f1(ours)}
        if name != "slides":
            for detector in ("adaptive", "content", "histogram"):
                theirs = [
                    judged(_psd(film.path, detector), film, slack_s=slack_s)
                    for film in films
                ]
                line[f"pyscenedetect_{detector}_f1"] = _mean_f1(theirs)
        yield line


def _mean_f1(scores: Sequence[Score]) -> float:
    return round(statistics.mean(score.f1 for score in scores), 4)


def _psd(video: Path, detector: str) -> list[float]:
    from scenedetect import (
        AdaptiveDetector,
        ContentDetector,
        HistogramDetector,
        detect,
    )

    chosen = {
        "adaptive": AdaptiveDetector,
        "content": ContentDetector,
        "histogram": HistogramDetector,
    }[detector]
    return [start.seconds for start, _ in detect(str(video), chosen())[1:]]


def scene_speed(folder: Path) -> Iterator[Line]:
    """Frames a second at 1080p, theirs and ours in turn, the median of three."""
    film = film_of_cuts(folder / "hd.mp4", seed=9, scenes=6, size=(1920, 1080))
    frames = film.duration_s * 30
    ours, theirs = [], []
    for _ in range(3):
        theirs.append(_timed(lambda: _psd(film.path, "adaptive")))
        ours.append(
            _timed(lambda: find_changes(film.path, duration_s=film.duration_s, fps=30))
        )
    ratios = [their / our for their, our in zip(theirs, ours, strict=True)]
    yield {
        "measure": "scene_speed_1080p",
        "fps": round(frames / statistics.median(ours)),
        "pyscenedetect_adaptive_fps": round(frames / statistics.median(theirs)),
        "times_faster": round(statistics.median(ratios), 2),
    }


def _timed(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def proxy(folder: Path) -> Iterator[Line]:
    """Our transcode beside the bare command with the same words."""
    source = folder / "source.mkv"
    ffmpeg.run(
        [
            *("-f", "lavfi", "-t", "20", "-i", "testsrc2=s=1280x720:r=30"),
            *("-f", "lavfi", "-t", "20", "-i", "sine=300"),
            *("-c:v", "mpeg4", "-q:v", "4", "-c:a", "libmp3lame", source),
        ]
    )
    facts, order = probe(source), ProxyOrder()
    bare = ["-i", source, "-map", "0:V:0", "-map", "0:a:0", *encoding(facts, order)]
    bare += ["-movflags", "+faststart", folder / "bare.mp4"]
    ratios = []
    for _ in range(3):
        plain = _timed(lambda: ffmpeg.output(bare))
        ours = _timed(lambda: make_proxy(source, facts, order, folder / "ours.mp4"))
        ratios.append(ours / plain)
    yield {
        "measure": "proxy_transcode",
        "times_bare_ffmpeg": round(statistics.median(ratios), 3),
    }


def recognition(folder: Path, given: Sequence[tuple[Path, str]] = ()) -> Iterator[Line]:
    """Word error rate and share of real time of each engine that is here.

    On everyday words, on two lessons' terms with and without the words of their slides,
    and on a recording that was given. WHISPER_MODEL names another model of Whisper.
    """
    plain, lesson = folder / "read.wav", folder / "lesson.wav"
    other = folder / "other.wav"
    for target, text in ((plain, READ_ALOUD), (lesson, TAUGHT), (other, TAUGHT_TOO)):
        voice = speech.local_speaker(text)
        spoken = speech.speak(text, voice, Delivery(pace=0.95, pause_s=0.35))
        audio.write_wav(target, spoken.sound)
    readings = [
        (plain, READ_ALOUD, "everyday words", ()),
        (lesson, TAUGHT, "a lesson's terms", ()),
        (lesson, TAUGHT, "the same, slides read", ON_SLIDES),
        (other, TAUGHT_TOO, "another lesson's terms", ()),
        (other, TAUGHT_TOO, "that one, slides read", ON_THOSE_SLIDES),
        *((path, text, path.name, ()) for path, text in given),
    ]
    for path, reference, sound, vocabulary in readings:
        for engine, listen in _ears(vocabulary).items():
            told = _recognised(folder, path, reference, listen)
            yield {"measure": "recognition", "engine": engine, "sound": sound, **told}


Listen = Callable[[Path, Sequence[Span]], Sequence[Word]]


def _ears(vocabulary: Sequence[str]) -> dict[str, Listen]:
    """Each recogniser that works here, by its name."""
    chosen = (ears.chosen(os.environ.get("WHISPER_MODEL", "")), ears.chosen(ears.NONE))
    return {
        ear.name: lambda wav, spans, ear=ear: (
            ear.listen(wav, spans, vocabulary=vocabulary).words
        )
        for ear in chosen
    }


def _recognised(folder: Path, path: Path, reference: str, listen: Listen) -> Line:
    wav = folder / f"{path.stem}-16k.wav"
    duration_s = probe(path).duration_s
    started, cpu_before = time.perf_counter(), time.process_time()
    speech_activity.extract(path, wav, audio_track=0, duration_s=duration_s)
    heard = listen(wav, speech_activity.spoken_spans(wav))
    taken, cpu_s = time.perf_counter() - started, time.process_time() - cpu_before
    said = " ".join(word.text for word in heard)
    return {
        "word_error_rate": round(word_error_rate(reference, said), 3),
        "share_of_real_time": round(taken / duration_s, 3),
        # What the same took of one core: other load on the machine counts less here.
        "share_of_real_time_cpu": round(cpu_s / duration_s, 3),
    }


def word_error_rate(reference: str, heard: str) -> float:
    """Edits from one to the other, by the reference's words."""
    a, b = _bare(reference), _bare(heard)
    row = list(range(len(b) + 1))
    for i, word in enumerate(a, start=1):
        before, row[0] = row[0], i
        for j, other in enumerate(b, start=1):
            before, row[j] = (
                row[j],
                min(row[j] + 1, row[j - 1] + 1, before + (word != other)),
            )
    return row[-1] / max(len(a), 1)


def _bare(text: str) -> list[str]:
    cleaned = "".join(s if s.isalnum() or s == "'" else " " for s in text.lower())
    return cleaned.split()


def subtitles(folder: Path) -> Iterator[Line]:
    """Own subtitles, kept word for word."""
    told = transcript_of(PLANTS)
    cues = [
        captions.Cue(start_s=s.start, end_s=s.end, lines=(s.text,))
        for s in told.segments
    ]
    again = aligning.from_cues(captions.parse(captions.to_srt(cues)), [])
    same = [a.text == b.text for a, b in zip(told.segments, again, strict=True)]
    yield {"measure": "own_subtitles_kept", "share": sum(same) / len(same)}


def gates(folder: Path) -> Iterator[Line]:
    """What share of the local engine's questions passes every gate."""
    passed: list[bool] = []
    longest: list[bool] = []
    for text in (PLANTS, MARKETS, NETWORKS):
        transcript = transcript_of(text)
        quotes = Quotes(transcript)
        drafts = local.drafts_of(transcript)
        questions = finish(
            drafts, transcript, count=14, types=list(QuestionType), seed="bench"
        ).questions
        for place, question in enumerate(questions):
            alone = all(alike(question, other) <= 0.5 for other in questions[:place])
            passed.append(verdict(question, quotes).passed and alone)
            if question.type is QuestionType.MULTIPLE_CHOICE:
                key = len(question.keys[0].text)
                wrong = [len(c.text) for c in question.choices if not c.correct]
                longest.append(max(wrong) < key)
    yield {
        "measure": "quiz_gates",
        "questions": len(passed),
        "share_passing_all": round(sum(passed) / len(passed), 3),
        "share_with_longest_key": round(sum(longest) / len(longest), 3),
    }


def memory(folder: Path, hours: float) -> Iterator[Line]:
    """The most memory that looking at and listening to a long lesson takes.

    An eighth of the length goes first: where memory is flat, both took the same.
    """
    film = film_of_slides(folder / "short.mp4", seed=3, slides=8, size=(640, 360))
    voice = speech.local_speaker(READ_ALOUD)
    spoken = speech.speak(READ_ALOUD, voice, Delivery(pause_s=0.35))
    sound = audio.write_wav(folder / "voice.wav", spoken.sound)
    eighth = _alone(_repeated(film, sound, hours / 8, folder / "eighth.mp4"))
    whole_length = _alone(_repeated(film, sound, hours, folder / "long.mp4"))
    yield {
        "measure": "memory_long_lesson",
        **whole_length,
        "peak_mib_of_an_eighth": eighth["peak_mib"],
        "holds": whole_length["peak_mib"] <= MOST_MIB,
        "target": f"peak_mib <= {MOST_MIB}",
    }


def _alone(video: Path) -> Line:
    """In a process of its own: what made the film is no part of the figure."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(_look_and_listen, video).result()


def _repeated(film: Film, sound: Path, hours: float, target: Path) -> Path:
    """The film over and over, and somebody who speaks all the time."""
    ffmpeg.run(
        [
            *("-stream_loop", "-1", "-i", film.path, "-stream_loop", "-1", "-i", sound),
            *("-map", "0:v", "-map", "1:a", "-t", f"{hours * 3600:.0f}", "-c:v"),
            *("copy", "-c:a", "aac", "-b:a", "48k", target),
        ]
    )
    return target


def _look_and_listen(video: Path) -> Line:
    """All that reads a lesson from its beginning to its end; what was read and heard."""
    duration_s = probe(video).duration_s
    find_changes(video, duration_s=duration_s, fps=10)
    pictures.make_sprite(video, duration_s, on_progress=lambda _: None)
    waveform.peaks(video, duration_s)
    wav = video.with_suffix(".wav")
    speech_activity.extract(video, wav, audio_track=0, duration_s=duration_s)
    spans = speech_activity.spoken_spans(wav)
    parts = speech_activity.plan_parts(spans, target_s=PART_S, longest_s=LONGEST_PART_S)
    ear = ears.chosen(os.environ.get("WHISPER_MODEL", ""))
    words = 0
    heard = parts[::HEARD_EVERY]
    for part in heard:
        inside = [
            span
            for span in spans
            if span.end_s > part.hear.start_s and span.start_s < part.hear.end_s
        ]
        words += len(ear.listen(wav, inside, vocabulary=ON_SLIDES).words)
    return {
        "hours": round(duration_s / 3600, 2),
        "engine": ear.name,
        "parts": len(parts),
        "parts_heard": len(heard),
        "words": words,
        "peak_mib": _most_memory_mib(),
    }


def _most_memory_mib() -> int:
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--json", action="store_true", help="one object a line (always)"
    )
    parser.add_argument("--only", default="")
    parser.add_argument("--audio", type=Path)
    parser.add_argument("--reference", type=Path)
    parser.add_argument("--hours", type=float, default=0.0)
    told = parser.parse_args()
    given = [(told.audio, told.reference.read_text())] if told.audio else []
    parts: dict[str, Callable[[Path], Iterator[Line]]] = {
        "gates": gates,
        "subtitles": subtitles,
        "scenes": scenes,
        "scene_speed": scene_speed,
        "proxy": proxy,
        "recognition": lambda folder: recognition(folder, given),
        "whole": whole,
    }
    if told.hours:
        parts["memory"] = lambda folder: memory(folder, told.hours)
    wanted = [name for name in told.only.split(",") if name] or list(parts)
    with tempfile.TemporaryDirectory() as name:
        lines = chain.from_iterable(parts[part](Path(name)) for part in wanted)
        for line in lines:
            sys.stdout.write(json.dumps({"benchmark": "quizzes", **line}) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
