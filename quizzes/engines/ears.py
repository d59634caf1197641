"""Who writes down what is said without a vendor: Whisper with a model, pocketsphinx last."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from quizzes.content import Word
from quizzes.engines import doubts, pocketsphinx, whisper
from quizzes.engines.speech_activity import Span

ENGLISH = "en"
# The value of WHISPER_MODEL that leaves the packaged model alone.
NONE = "none"
# These know English and nothing else.
_ENGLISH_ONLY = frozenset({pocketsphinx.NAME, whisper.SMALL_NAME})
NO_EAR = (
    "Nothing here understands this lesson's language. Set WHISPER_MODEL to a model of "
    "many languages, or OPENAI_API_KEY, or upload a transcript."
)
SMALL_WARNING = (
    "This transcript was made by Whisper's smallest English model: names and rare terms "
    "may be wrong. Set WHISPER_MODEL or OPENAI_API_KEY, or upload a transcript."
)


@dataclass(frozen=True, kw_only=True)
class Heard:
    words: Sequence[Word]
    language: str
    source: str


@dataclass(frozen=True, kw_only=True)
class Ear:
    """One way to listen: the model of Whisper that it takes, or none."""

    model: str
    packaged: bool = False

    @property
    def name(self) -> str:
        if not self.model:
            return pocketsphinx.NAME
        return whisper.SMALL_NAME if self.packaged else whisper.NAME

    def listen(
        self,
        sound: Path,
        spans: Sequence[Span],
        *,
        language: str = "",
        vocabulary: Sequence[str] = (),
        threads: int = 2,
        on_progress: Callable[[float], None] | None = None,
    ) -> Heard:
        if not understands(self.name, language):
            return Heard(words=(), language=language, source=self.name)
        if not self.model:
            sphinx = pocketsphinx.PocketSphinx(vocabulary=vocabulary)
            words = sphinx.listen(sound, spans, on_progress=on_progress)
            return Heard(words=words, language=ENGLISH, source=self.name)
        told = whisper.Whisper(model=self.model, threads=threads).listen(
            sound,
            spans,
            language=language,
            on_progress=on_progress,
        )
        heard = told.words
        if told.language.startswith(ENGLISH):
            heard = doubts.weighed(heard, vocabulary)
        return Heard(words=heard, language=told.language, source=self.name)


def chosen(setting: str) -> Ear:
    """The ear for a value of WHISPER_MODEL: a folder, a size, `none`, or nothing."""
    if setting and setting != NONE:
        return Ear(model=setting)
    packaged = "" if setting == NONE else whisper.packaged_model()
    return Ear(model=packaged, packaged=bool(packaged))


def understands(name: str, language: str) -> bool:
    """Whether an ear knows a language; a lesson of which none is named counts as English."""
    english = not language or language.lower().startswith(ENGLISH)
    return english or name not in _ENGLISH_ONLY


def warning_of(source: str) -> str:
    """What a teacher should know of a transcript from there."""
    return {
        pocketsphinx.NAME: pocketsphinx.WARNING,
        whisper.SMALL_NAME: SMALL_WARNING,
    }.get(source, "")
