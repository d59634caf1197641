"""A question before it has been judged: its key, and more wrong answers than it needs."""

from dataclasses import dataclass

from quizzes.content import Bloom, Difficulty, QuestionType


@dataclass(frozen=True, kw_only=True)
class Draft:
    type: QuestionType
    prompt: str
    # The right answers; for ordering, the items in their right order.
    right: tuple[str, ...]
    # Candidates, the most plausible first.
    wrong: tuple[str, ...] = ()
    # Other spellings that a gap or a short answer takes.
    accepted: tuple[str, ...] = ()
    explanation: str = ""
    difficulty: Difficulty = Difficulty.MEDIUM
    bloom: Bloom = Bloom.REMEMBER
    quote: str = ""
    # What the question asks about; two on one subject need not both be asked.
    subject: str = ""
    score: float = 1.0
