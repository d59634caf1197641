"""What a lesson, its transcript and its quiz are, between stages, engines and exporters."""

from collections.abc import Iterator, Sequence
from enum import StrEnum

from pydantic import BaseModel, ConfigDict


class Content(BaseModel):
    """A value that is handed on and never changed in place."""

    model_config = ConfigDict(frozen=True)


class Word(Content):
    text: str
    start: float
    end: float
    # 0 to 1; 1 for words that a person wrote.
    confidence: float = 1.0


class Segment(Content):
    """A sentence or a stretch between two pauses."""

    start: float
    end: float
    text: str
    words: tuple[Word, ...] = ()

    @property
    def confidence(self) -> float:
        if not self.words:
            return 1.0
        return sum(word.confidence for word in self.words) / len(self.words)


class Transcript(Content):
    language: str = ""
    # own, embedded, openai, faster-whisper, pocketsphinx, or none
    source: str = "none"
    segments: tuple[Segment, ...] = ()
    warning: str = ""

    @property
    def text(self) -> str:
        return "\n".join(segment.text for segment in self.segments)

    def words(self) -> Iterator[Word]:
        for segment in self.segments:
            yield from segment.words


class Change(StrEnum):
    """How a scene begins."""

    START = "start"
    CUT = "cut"
    FADE = "fade"
    DISSOLVE = "dissolve"
    SLIDE = "slide"


class Scene(Content):
    index: int
    start: float
    end: float
    begins_with: Change = Change.START
    title: str = ""
    # The first scene that shows the same slide; itself when it is new.
    same_as: int | None = None
    thumbnail: str = ""


class QuestionType(StrEnum):
    MULTIPLE_CHOICE = "multiple_choice"
    MULTIPLE_ANSWER = "multiple_answer"
    TRUE_FALSE = "true_false"
    GAP = "gap"
    ORDERING = "ordering"
    SHORT_ANSWER = "short_answer"


class Difficulty(StrEnum):
    EASY = "easy"
    MEDIUM = "medium"
    HARD = "hard"


class Bloom(StrEnum):
    REMEMBER = "remember"
    UNDERSTAND = "understand"
    APPLY = "apply"
    ANALYZE = "analyze"
    EVALUATE = "evaluate"
    CREATE = "create"


class Choice(Content):
    id: str
    text: str
    correct: bool
    feedback: str = ""


class Question(Content):
    id: str
    type: QuestionType
    prompt: str
    # For ordering the choices stand in their right order; players shuffle.
    choices: tuple[Choice, ...] = ()
    # The accepted answers of a gap or a short answer, separated by “|”; else the key's text.
    answer: str = ""
    explanation: str = ""
    difficulty: Difficulty = Difficulty.MEDIUM
    bloom: Bloom = Bloom.REMEMBER
    # The span of the video that answers it.
    start: float = 0.0
    end: float = 0.0
    quote: str = ""
    confidence: float = 1.0

    @property
    def keys(self) -> list[Choice]:
        return [choice for choice in self.choices if choice.correct]

    @property
    def accepted(self) -> list[str]:
        return [part.strip() for part in self.answer.split("|") if part.strip()]


class Quiz(Content):
    id: str
    title: str
    language: str = "en"
    questions: tuple[Question, ...] = ()


class Lesson(Content):
    """Everything that is exported."""

    title: str
    duration: float = 0.0
    quiz: Quiz
    transcript: Transcript = Transcript()
    scenes: tuple[Scene, ...] = ()


def clock(seconds: float) -> str:
    """A moment as people write it: 1:05, or 1:02:03 past the hour."""
    whole = int(seconds)
    hours, minutes, rest = whole // 3600, whole % 3600 // 60, whole % 60
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def in_video_order(questions: Sequence[Question]) -> list[Question]:
    return sorted(questions, key=lambda question: (question.end, question.id))
