"""Puts the words of parts together again, with none lost or doubled at the seams."""

from collections.abc import Sequence
from difflib import SequenceMatcher

from quizzes.content import Word
from quizzes.engines.speech_activity import PartPlan

# Words this near a seam may have been heard by both sides.
_NEAR_S = 2.5


def join_words(
    heard: Sequence[Sequence[Word]], plans: Sequence[PartPlan]
) -> list[Word]:
    """All words in order; `heard[i]` was heard in `plans[i]`, with times of the whole."""
    words: list[Word] = []
    for number, part in enumerate(heard):
        plan = plans[number]
        shared = number > 0 and plan.hear.start_s < plan.own.start_s
        if shared:
            words = _seamed(words, list(part), plan.own.start_s)
        else:
            words.extend(part)
    return words


def _seamed(before: list[Word], after: list[Word], seam_s: float) -> list[Word]:
    """Change sides at a word that both heard; else at the seam, by the words' middles."""
    left = [w for w in before if w.end > seam_s - _NEAR_S]
    right = [w for w in after if w.start < seam_s + _NEAR_S]
    kept = len(before) - len(left)
    match = SequenceMatcher(
        None, [_bare(w) for w in left], [_bare(w) for w in right], autojunk=False
    ).find_longest_match()
    if match.size >= 2 or (match.size == 1 and len(_bare(left[match.a])) > 3):
        until = kept + match.a + match.size
        return before[:until] + after[match.b + match.size :]
    return [w for w in before if _middle(w) < seam_s] + [
        w for w in after if _middle(w) >= seam_s
    ]


def _bare(word: Word) -> str:
    return "".join(sign for sign in word.text.lower() if sign.isalnum())


def _middle(word: Word) -> float:
    return (word.start + word.end) / 2
