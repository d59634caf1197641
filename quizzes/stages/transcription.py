"""From sound to a transcript with the time of every word."""

import re
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

from django.conf import settings

from jobs.errors import UnreadableMediaError
from jobs.pipeline import OutputFile, SoFar, StageResult, Workbench
from jobs.toolbox import captions, ffmpeg
from jobs.toolbox.captions import Cue, TimedWord
from jobs.toolbox.probing import MediaFacts, probe
from quizzes.content import Segment, Transcript, Word
from quizzes.engines import (
    aligning,
    ears,
    openai_ears,
    seams,
    sentences,
    slide_words,
)
from quizzes.engines import speech_activity as activity
from quizzes.engines.proxy import chosen_track
from quizzes.engines.speech_activity import PartPlan, Span
from quizzes.errors import BadSubtitlesError, NoSoundError
from quizzes.facts import Given, Interval, Part, PartWords, SoundFacts
from quizzes.params import TranscriptionParams

# Parts this long keep all workers busy and lose nothing at seams.
PART_S = 150.0
LONGEST_PART_S = 600.0
NOBODY = "Nobody was heard speaking."
_LARGEST_TEXT_BYTES = 5 * 2**20
# Documents that are not what they show: PDF, RTF, and all that is a ZIP inside.
_NOT_PLAIN = (b"%PDF", b"{\\rtf", b"PK\x03\x04")


def prepare_sound(bench: Workbench[TranscriptionParams]) -> StageResult:
    """Find what there is to go by: own text, a subtitle track, or speech to recognise."""
    source = bench.input_paths()[0]
    facts = probe(source)
    track = chosen_track(facts, bench.params.audio_track)
    given, text = _given(bench, source, facts)
    if track is None and given is Given.NONE:
        raise NoSoundError
    files = [OutputFile(path=text, role="given", published=False)] if text else []
    spans: list[Span] = []
    if track is not None:
        sound = bench.workdir / "speech.wav"
        bench.report(0.0, "Taking the sound out")
        activity.extract(
            source,
            sound,
            audio_track=track.place,
            duration_s=facts.duration_s,
            on_progress=bench.reporter(0.0, 0.4),
        )
        bench.report(0.4, "Listening for speech")
        spans = activity.spoken_spans(sound, on_progress=bench.reporter(0.4, 1.0))
        files.append(OutputFile(path=sound, role="speech", published=False))
    recognise = given in (Given.NONE, Given.OWN_TEXT)
    plans = (
        activity.plan_parts(spans, target_s=PART_S, longest_s=LONGEST_PART_S)
        if recognise
        else []
    )
    vocabulary: tuple[str, ...] = ()
    if plans and facts.video is not None and slide_words.available():
        vocabulary = slide_words.read_words(source, facts.duration_s)
        bench.log(f"{len(vocabulary)} words read off the slides.")
    spoken_s = sum(span.duration_s for span in spans)
    return StageResult(
        files=files,
        facts=SoundFacts(
            duration=facts.duration_s,
            has_sound=track is not None,
            given=given,
            spoken=tuple(_interval(span) for span in spans),
            parts=tuple(
                Part(hear=_interval(plan.hear), own=_interval(plan.own))
                for plan in plans
            ),
            vocabulary=vocabulary,
        ),
        note=f"{spoken_s:.0f} s of speech"
        + (f", text: {given.value}" if given else ""),
    )


def _interval(span: Span) -> Interval:
    return Interval(start=round(span.start_s, 3), end=round(span.end_s, 3))


def _span(interval: Interval) -> Span:
    return Span(start_s=interval.start, end_s=interval.end)


def _given(
    bench: Workbench[TranscriptionParams], source: Path, facts: MediaFacts
) -> tuple[Given, Path | None]:
    """A text that need not be recognised: uploaded, else embedded."""
    target = bench.workdir / "given.txt"
    if bench.params.transcript:
        text = _read_text(bench.asset(bench.params.transcript))
        target.write_text(text, encoding="utf-8")
        return (Given.OWN_CUES if "-->" in text else Given.OWN_TEXT), target
    text_tracks = ("mov_text", "subrip", "ass", "ssa", "webvtt", "srt", "text")
    place = next(
        (n for n, codec in enumerate(facts.subtitles) if codec in text_tracks), None
    )
    if place is None:
        return Given.NONE, None
    srt = ffmpeg.output(
        ["-i", source, "-map", f"0:s:{place}", "-f", "srt", "pipe:1"]
    ).decode(errors="replace")
    if "-->" not in srt:
        return Given.NONE, None
    target.write_text(srt, encoding="utf-8")
    return Given.EMBEDDED, target


def _read_text(path: Path) -> str:
    if path.stat().st_size > _LARGEST_TEXT_BYTES:
        raise BadSubtitlesError(path.name)
    raw = path.read_bytes()
    if raw.startswith(_NOT_PLAIN):
        raise BadSubtitlesError(path.name)
    for encoding in (
        ("utf-8-sig", "utf-16")
        if raw[:2] in (b"\xff\xfe", b"\xfe\xff")
        else (
            "utf-8-sig",
            "cp1252",
        )
    ):
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text and text.strip():
            return text
    raise BadSubtitlesError(path.name)


def parts_to_hear(so_far: SoFar[TranscriptionParams]) -> Sequence[str]:
    """A label for each part; none where the text is given with its times."""
    facts = so_far.facts("sound", SoundFacts)
    return [f"{part.own.start:.0f} to {part.own.end:.0f} s" for part in facts.parts]


def hear_part(bench: Workbench[TranscriptionParams]) -> StageResult:
    """Recognise one part."""
    facts = bench.facts("sound", SoundFacts)
    number = bench.part or 0
    hear = _span(facts.parts[number].hear)
    spans = [
        Span(start_s=max(s.start, hear.start_s), end_s=min(s.end, hear.end_s))
        for s in facts.spoken
        if s.end > hear.start_s and s.start < hear.end_s
    ]
    sound = bench.files("sound", "speech")[0].path
    bench.report(0.0, "Writing down what is said")
    if bench.engine == "openai":
        heard = openai_ears.hear(bench, sound, hear, spans)
        words: Sequence[Word] = heard.words
        language, source = heard.language, "openai"
    else:
        told = ears.chosen(settings.WHISPER_MODEL).listen(
            sound,
            spans,
            language=bench.params.language,
            vocabulary=facts.vocabulary,
            threads=settings.FFMPEG_THREADS,
            on_progress=bench.reporter(0.0, 1.0),
        )
        words, language, source = told.words, told.language, told.source
    return StageResult(
        facts=PartWords(
            part=number,
            source=source,
            language=language,
            words=tuple(words),
        ),
        note=f"{len(words)} words",
    )


def estimate_hearing_usd(duration_s: float) -> Decimal:
    return openai_ears.estimate_usd(duration_s)


def write_transcript(bench: Workbench[TranscriptionParams]) -> StageResult:
    """All parts together, as text, subtitles and JSON."""
    facts = bench.facts("sound", SoundFacts)
    transcript = _put_together(bench, facts)
    folder = bench.workdir
    files = write_files(transcript, folder)
    if transcript.warning:
        bench.log(transcript.warning, "warning")
    words = sum(len(segment.text.split()) for segment in transcript.segments)
    return StageResult(
        files=files,
        facts=transcript,
        note=f"{words} words, {transcript.source}",
    )


def write_files(transcript: Transcript, folder: Path) -> list[OutputFile]:
    """SRT, VTT, TXT and JSON of one transcript."""
    cues = cues_of(transcript)
    contents = {
        "transcript.json": ("transcript", transcript.model_dump_json(indent=1)),
        "transcript.txt": ("transcript_text", transcript.text + "\n"),
        "captions.srt": ("captions_srt", captions.to_srt(cues)),
        "captions.vtt": ("captions_vtt", captions.to_vtt(cues)),
    }
    files: list[OutputFile] = []
    for name, (role, text) in contents.items():
        path = folder / name
        path.write_text(text, encoding="utf-8")
        files.append(OutputFile(path=path, role=role))
    return files


def cues_of(transcript: Transcript) -> list[Cue]:
    """Own subtitles keep their cues; the rest is cut where it can be read."""
    if transcript.source in (Given.OWN_CUES.value, Given.EMBEDDED.value):
        return [
            Cue(start_s=s.start, end_s=s.end, lines=(s.text,))
            for s in transcript.segments
        ]
    return captions.cues_from_words(
        [
            TimedWord(text=word.text, start_s=word.start, end_s=word.end)
            for word in transcript.words()
        ]
    )


def _put_together(
    bench: Workbench[TranscriptionParams], facts: SoundFacts
) -> Transcript:
    spans = [_span(interval) for interval in facts.spoken]
    heard = [
        PartWords.model_validate_json(text)
        for text in bench.known.get("transcribe", ())
        if text
    ]
    heard.sort(key=lambda part: part.part)
    if facts.given is not Given.NONE:
        return _from_given(bench, facts, spans, _joined(heard, facts))
    language = next((part.language for part in heard if part.language), "")
    source = heard[0].source if heard else "none"
    words = sentences.without_loops(_joined(heard, facts))
    return Transcript(
        language=_language_code(language),
        source=source,
        segments=tuple(sentences.segments_of(words)),
        warning=_warning(bench.params.language, source, words),
    )


def _warning(language: str, source: str, words: Sequence[Word]) -> str:
    if words:
        return ears.warning_of(source)
    return NOBODY if ears.understands(source, language) else ears.NO_EAR


def _joined(heard: Sequence[PartWords], facts: SoundFacts) -> list[Word]:
    plans = [
        PartPlan(
            hear=_span(facts.parts[p.part].hear), own=_span(facts.parts[p.part].own)
        )
        for p in heard
    ]
    return seams.join_words([part.words for part in heard], plans)


def _from_given(
    bench: Workbench[TranscriptionParams],
    facts: SoundFacts,
    spans: Sequence[Span],
    heard: Sequence[Word],
) -> Transcript:
    text = bench.files("sound", "given")[0].path.read_text(encoding="utf-8")
    segments: list[Segment]
    if facts.given is Given.OWN_TEXT:
        segments = aligning.from_text(text, spans, heard)
    else:
        try:
            cues = captions.parse(text)
        except UnreadableMediaError as error:
            raise BadSubtitlesError("subtitles") from error
        segments = aligning.from_cues(cues, spans)
    if not segments:
        raise BadSubtitlesError("subtitles")
    return Transcript(
        language=bench.params.language or guessed_language(text),
        source=facts.given.value,
        segments=tuple(segments),
    )


_COMMON = {
    "en": "the and is of to that it with for this",
    "de": "der die und ist das nicht ein mit zu den",
    "fr": "le la les et est que une dans pour des",
    "es": "el los las que una por con para del es",
    "it": "il che di una per con non del gli sono",
    "pt": "que não uma com para os das em por mais",
    "nl": "het een van is dat niet op voor met zijn",
}


def guessed_language(text: str) -> str:
    """By its commonest words; good enough for a sentence or two."""
    words = re.findall(r"\w+", text.lower())
    counts = {
        code: sum(word in common.split() for word in words)
        for code, common in _COMMON.items()
    }
    best = max(counts, key=lambda code: counts[code])
    return best if counts[best] > 0 else ""


def _language_code(language: str) -> str:
    """Whisper's API answers with a name, where everybody else gives a code."""
    names = {
        "english": "en", "german": "de", "french": "fr", "spanish": "es",
        "italian": "it", "portuguese": "pt", "dutch": "nl", "polish": "pl",
        "russian": "ru", "japanese": "ja", "chinese": "zh", "korean": "ko",
        "arabic": "ar", "turkish": "tr", "swedish": "sv", "hindi": "hi",
    }  # fmt: skip
    return names.get(language.lower(), language.lower()[:8])
