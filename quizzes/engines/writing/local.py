"""Questions by rules: from definitions, causes, lists, steps, key terms and swapped facts."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from quizzes.content import Bloom, Difficulty, QuestionType, Transcript, clock
from quizzes.engines.writing import distractors, patterns
from quizzes.engines.writing.distractors import Shop
from quizzes.engines.writing.drafts import Draft
from quizzes.engines.writing.lexicon import (
    EVERYDAY,
    NUMBERS,
    STOPWORDS,
    are_synonyms,
    content_stems,
    opposite_of,
    times_said,
    verbs,
    words_of,
)
from quizzes.engines.writing.source import Sentence, sentences_of
from quizzes.engines.writing.terms import Term, key_terms

GAP = "_____"
_MOST_TERMS = 40
_VAGUE_KINDS = ("thing", "quality", "name", "")
# Lists of more or fewer are no good to choose from.
_LIST_SIZES = range(2, 5)


@dataclass(frozen=True, kw_only=True)
class Lecture:
    """A transcript, read."""

    sentences: Sequence[Sentence]
    terms: Sequence[Term]
    shop: Shop

    @classmethod
    def of(cls, transcript: Transcript) -> "Lecture":
        sentences = sentences_of(transcript)
        texts = [sentence.text for sentence in sentences if sentence.quotable]
        terms = key_terms(texts)[:_MOST_TERMS]
        return cls(
            sentences=sentences,
            terms=terms,
            shop=Shop(terms=terms, sentences=texts),
        )


def drafts_of(transcript: Transcript) -> list[Draft]:
    """All that the rules can think of, the best first; the gates come after."""
    lecture = Lecture.of(transcript)
    quotable = [s for s in lecture.sentences if s.quotable and s.is_one]
    found = patterns.definitions(quotable)
    drafts = [
        *_from_definitions(found, lecture),
        *_from_causes(patterns.causes(quotable), lecture),
        *_from_lists(patterns.listings(quotable), lecture),
        *_from_steps(patterns.sequences(quotable)),
        *_from_terms(quotable, lecture),
        *_from_numbers(quotable),
        *_claims(quotable, lecture),
    ]
    return sorted(drafts, key=lambda draft: -draft.score)


def _said(sentence: Sentence) -> str:
    return f"At {clock(sentence.start)} the lesson says: “{sentence.text}”"


def _from_definitions(
    found: Sequence[patterns.Definition], lecture: Lecture
) -> Iterator[Draft]:
    for definition in found:
        sentence, term = definition.sentence, definition.term
        kind = next((t.kind for t in lecture.terms if are_synonyms(t.text, term)), "")
        others = [
            other.text
            for other in found
            if other.term != term and not are_synonyms(other.term, term)
        ]
        draft = partial(
            Draft,
            explanation=_said(sentence),
            quote=sentence.text,
            subject=term.lower(),
        )
        if not set(content_stems(term)) & set(content_stems(definition.text)):
            rivals = [o.term for o in found if o.term != term]
            yield draft(
                type=QuestionType.MULTIPLE_CHOICE,
                prompt=f"Which term fits this description: “{definition.text}”?",
                right=(term,),
                wrong=(*lecture.shop.for_term(term, sentence.text, kind=kind), *rivals),
                difficulty=Difficulty.EASY,
                bloom=Bloom.REMEMBER,
                score=3.0,
            )
            yield draft(
                type=QuestionType.SHORT_ANSWER,
                prompt=f"What is the term for “{definition.text}”?",
                right=(term,),
                accepted=_spellings(term),
                difficulty=Difficulty.MEDIUM,
                bloom=Bloom.REMEMBER,
                score=2.6,
            )
            verb = "are" if definition.plural else "is"
            yield draft(
                type=QuestionType.MULTIPLE_CHOICE,
                prompt=f"According to the lesson, what {verb} {definition.named}?",
                right=(_sentence_case(definition.text),),
                wrong=tuple(_sentence_case(text) for text in others),
                difficulty=Difficulty.MEDIUM,
                bloom=Bloom.UNDERSTAND,
                score=2.9,
            )


def _from_causes(found: Sequence[patterns.Cause], lecture: Lecture) -> Iterator[Draft]:
    reasons = [_sentence_case(cause.cause) for cause in found if not cause.conditional]
    effects = [_sentence_case(cause.effect) for cause in found if cause.conditional]
    clauses = [
        clause
        for sentence in lecture.sentences
        if sentence.quotable and sentence.stands_alone
        for clause in _clauses(sentence.text)
    ]
    for cause in found:
        sentence = cause.sentence
        if cause.conditional:
            key, pool = _sentence_case(cause.effect), effects
            prompt = f"What happens, according to the lesson, if {cause.cause}?"
        else:
            key, pool = _sentence_case(cause.cause), reasons
            prompt = f"The lesson says: “{_sentence_case(cause.effect)}.” Why?"
        near = [
            text
            for text in (*pool, *clauses)
            if text != key and not _overlap(text, sentence.text)
        ]
        yield Draft(
            type=QuestionType.MULTIPLE_CHOICE,
            prompt=prompt,
            right=(key,),
            wrong=tuple(near),
            explanation=_said(sentence),
            difficulty=Difficulty.HARD,
            bloom=Bloom.UNDERSTAND,
            quote=sentence.text,
            subject=f"why {cause.effect.lower()}",
            score=3.2,
        )


def _clauses(text: str) -> Iterator[str]:
    """Main clauses that could be given as a reason or an outcome."""
    clause = re.split(r",? because |, (?:which|but|until|since|so) ", text)[0]
    clause = clause.strip(" .,!")
    says_what_is = re.search(r"\b(is|are) (a|an|the|called)\b", clause)
    if 3 <= len(clause.split()) <= 14 and not says_what_is and ":" not in clause:
        yield _sentence_case(clause)


def _overlap(text: str, sentence: str) -> bool:
    """Whether a would-be wrong answer says much the same as the sentence it is wrong for."""
    stems = set(content_stems(text))
    return not stems or len(stems & set(content_stems(sentence))) >= 0.6 * len(stems)


def _from_lists(found: Sequence[patterns.Listing], lecture: Lecture) -> Iterator[Draft]:
    for listing in found:
        if len(listing.items) not in _LIST_SIZES:
            continue
        sentence = listing.sentence
        wrong: dict[str, None] = {}
        for item in listing.items:
            for text in lecture.shop.for_term(item, sentence.text)[:3]:
                wrong.setdefault(text)
        yield Draft(
            type=QuestionType.MULTIPLE_ANSWER,
            prompt=(
                f"Which of these does the lesson name here: “{listing.lead} …”? "
                "Choose all that apply."
            ),
            right=listing.items,
            wrong=tuple(wrong),
            explanation=_said(sentence),
            difficulty=Difficulty.MEDIUM,
            bloom=Bloom.REMEMBER,
            quote=sentence.text,
            subject=listing.lead.lower(),
            score=3.1,
        )


def _from_steps(found: Sequence[patterns.Steps]) -> Iterator[Draft]:
    for steps in found:
        first = steps.sentences[0]
        yield Draft(
            type=QuestionType.ORDERING,
            prompt="Put these steps into the order in which the lesson gives them.",
            right=steps.texts,
            explanation=f"The lesson goes through them from {clock(first.start)}.",
            difficulty=Difficulty.MEDIUM,
            bloom=Bloom.ANALYZE,
            # The last step's sentence: the player stops when all have been named.
            quote=steps.sentences[-1].text,
            subject="order of " + steps.texts[0].lower(),
            score=3.3,
        )


def _from_terms(sentences: Sequence[Sentence], lecture: Lecture) -> Iterator[Draft]:
    for sentence in sentences:
        if not sentence.stands_alone:
            continue
        for rank, term in enumerate(lecture.terms):
            blanked = _blanked(sentence.text, term.text)
            if blanked is None:
                continue
            prompt, word = blanked
            weight = term.weight * (1.0 - rank / (2 * _MOST_TERMS))
            score = 1.0 + min(weight, 8.0) / 8.0
            draft = partial(
                Draft,
                explanation=_said(sentence),
                quote=sentence.text,
                subject=term.text.lower(),
            )
            # Wrong answers of no particular kind are easily absurd.
            vague = 0.5 if term.kind in _VAGUE_KINDS else 0.0
            yield draft(
                type=QuestionType.MULTIPLE_CHOICE,
                prompt=f"Complete the sentence: {prompt}",
                right=(word,),
                wrong=lecture.shop.for_term(word, sentence.text, kind=term.kind),
                difficulty=Difficulty.MEDIUM,
                bloom=Bloom.REMEMBER,
                score=score + 0.6 - vague,
            )
            yield draft(
                type=QuestionType.GAP,
                prompt=f"Fill in the gap: {prompt}",
                right=(word,),
                accepted=_spellings(word),
                difficulty=Difficulty.HARD if len(word) > 9 else Difficulty.MEDIUM,
                bloom=Bloom.REMEMBER,
                score=score,
            )


def _blanked(text: str, term: str) -> tuple[str, str] | None:
    """The sentence with the term left out, if it is in there just once."""
    pattern = re.compile(rf"\b({re.escape(term)}(?:s|es)?)\b", re.IGNORECASE)
    found = pattern.findall(text)
    times = times_said(text, term)
    if len(found) != 1 or times != 1 or _inside_a_name(text, found[0]):
        return None
    word = found[0]
    begins = text.startswith(word)
    blanked = pattern.sub(GAP, text, count=1)
    blanked = re.sub(rf"\b([Aa])n? {GAP}", rf"\1(n) {GAP}", blanked)
    plain = word[0].lower() + word[1:] if begins and word[1:2].islower() else word
    # A gap between two capitalised words is a piece of a name.
    return blanked, term if plain.lower() == term.lower() else plain


def _inside_a_name(text: str, word: str) -> bool:
    """Whether the words beside the gap belong to it: “food chain”, “water molecules”."""
    before, _, after = text.partition(word)
    left = re.search(r"([\w'’-]+) $", before)
    right = re.match(r" ([\w'’-]+)", after)
    return any(near is not None and _is_subject_word(near[1]) for near in (left, right))


def _is_subject_word(word: str) -> bool:
    lower = word.lower()
    if word[:1].isupper() and lower not in STOPWORDS:
        return True
    empty = lower in STOPWORDS or lower in EVERYDAY or lower in NUMBERS
    return not empty and lower not in verbs() and not lower.endswith("ly")


def _from_numbers(sentences: Sequence[Sentence]) -> Iterator[Draft]:
    for sentence in sentences:
        if not sentence.stands_alone:
            continue
        for word in words_of(sentence.text):
            lower = word.lower()
            if not (lower in NUMBERS or re.fullmatch(r"\d+(\.\d+)?", lower)):
                continue
            wrong = distractors.for_number(word)
            if len(wrong) < 3 or sentence.text.lower().split().count(lower) != 1:
                continue
            prompt = re.sub(rf"\b{re.escape(word)}\b", GAP, sentence.text, count=1)
            yield Draft(
                type=QuestionType.MULTIPLE_CHOICE,
                prompt=f"Complete the sentence: {prompt}",
                right=(lower,),
                wrong=wrong,
                explanation=_said(sentence),
                difficulty=Difficulty.MEDIUM,
                bloom=Bloom.REMEMBER,
                quote=sentence.text,
                subject=f"number in {sentence.place}",
                score=1.7,
            )


def _claims(sentences: Sequence[Sentence], lecture: Lecture) -> Iterator[Draft]:
    """True or false: what the lesson says, and what it says turned round."""
    for sentence in sentences:
        if not sentence.stands_alone or len(sentence.text.split()) > 24:
            continue
        matter = sum(
            term.weight
            for term in lecture.terms
            if term.text.lower() in sentence.text.lower()
        )
        if matter <= 0:
            continue
        score = 0.9 + min(matter, 20.0) / 30.0
        draft = partial(
            Draft,
            explanation=_said(sentence),
            quote=sentence.text,
            subject=f"claim {sentence.place}",
        )
        yield draft(
            type=QuestionType.TRUE_FALSE,
            prompt=f"True or false? {sentence.text}",
            right=("True",),
            difficulty=Difficulty.EASY,
            bloom=Bloom.REMEMBER,
            score=score - 0.2,
        )
        turned = _turned(sentence.text, lecture)
        if turned:
            yield draft(
                type=QuestionType.TRUE_FALSE,
                prompt=f"True or false? {turned}",
                right=("False",),
                difficulty=Difficulty.MEDIUM,
                bloom=Bloom.UNDERSTAND,
                score=score + 0.2,
            )


def _turned(text: str, lecture: Lecture) -> str | None:
    """The sentence made false: a word for its opposite, else a term for its like."""
    for one, other in opposite_of().items():
        pattern = re.compile(rf"\b{re.escape(one)}\b")
        # Turning one of two round may leave it true, or make no sense.
        if len(pattern.findall(text)) == 1 and not re.search(
            rf"\b{re.escape(other)}\b", text
        ):
            if one in ("can", "up", "down", "left", "right", "first", "last", "most"):
                continue
            return pattern.sub(other, text)
    for term in lecture.terms:
        blanked = _blanked(text, term.text)
        if blanked is None or term.kind in _VAGUE_KINDS:
            continue
        told = {known.text.lower() for known in lecture.terms}
        # A term from outside the lesson would give the claim away as false.
        others = [
            other
            for other in lecture.shop.for_term(term.text, text, kind=term.kind)
            if other.lower() in told
        ]
        if others:
            filled = blanked[0].replace(f"(n) {GAP}", f" {GAP}")
            claim = filled.replace(GAP, others[0])
            return claim[0].upper() + claim[1:]
    return None


def _spellings(term: str) -> tuple[str, ...]:
    """The term and its other number; names and acronyms have one."""
    if term[:1].isupper():
        return (term,)
    other = distractors.in_other_number(term)
    return (term,) if other == term else (term, other)


def _sentence_case(text: str) -> str:
    stripped = text.strip(" .,;")
    return stripped[:1].upper() + stripped[1:]
