"""The words a lesson is about: found by how often, how together, and how they are introduced."""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from quizzes.engines.writing.lexicon import (
    EVERYDAY,
    KINDS,
    NUMBERS,
    STOPWORDS,
    genus_kinds,
    stem,
    verbs,
    words_of,
)

_LONGEST_TERM = 3
_DEFINED = re.compile(
    r"^(?:the |a |an )?(?P<term>[\w'’-]+(?: [\w'’-]+){0,2}) (?:is|are) "
    r"(?:a|an|the|any|one of the)? ?(?P<genus>[\w -]+?)(?: that| which| found| of| by|,|\.|$)",
    re.IGNORECASE,
)
_CALLED = re.compile(
    r"\b(?:called|named|known as)\s+(?:the |a |an )?([\w'’-]+(?: [\w'’-]+)?)"
)
_SUFFIX_KINDS = (
    (("sis", "tion", "sion", "lysis", "ment"), "process"),
    (("ase",), "enzyme"),
    (("phyll", "in", "ose", "ide", "gen", "one"), "molecule"),
    (("ity", "ness", "ance", "ence"), "quality"),
    (("logy", "nomy", "graphy", "ics"), "field"),
    (("plast", "some", "soma"), "cell part"),
)


@dataclass(frozen=True, kw_only=True)
class Term:
    """A key term: its words as they are written, how much it matters, of what kind it is."""

    text: str
    weight: float
    kind: str
    count: int

    @property
    def stems(self) -> tuple[str, ...]:
        return tuple(stem(word) for word in self.text.split())


def key_terms(sentences: Sequence[str]) -> list[Term]:
    """The lesson's terms, the weightiest first."""
    found: Counter[tuple[str, ...]] = Counter()
    spoken: dict[tuple[str, ...], Counter[str]] = defaultdict(Counter)
    places: dict[tuple[str, ...], set[int]] = defaultdict(set)
    singles: Counter[str] = Counter()
    for place, sentence in enumerate(sentences):
        for run in _runs(sentence):
            singles.update(stem(word) for word in run)
            for size in range(1, min(_LONGEST_TERM, len(run)) + 1):
                for start in range(len(run) - size + 1):
                    words = run[start : start + size]
                    key = tuple(stem(word) for word in words)
                    found[key] += 1
                    spoken[key][_cased(words, sentence)] += 1
                    places[key].add(place)
    introduced = _introduced(sentences)
    terms = [
        _term(key, found, singles, spoken, places, introduced, len(sentences))
        for key in found
        if _collocated(key, found, singles, introduced)
    ]
    terms.sort(key=lambda term: (-term.weight, term.text))
    return _without_fragments(terms)


def _runs(sentence: str) -> Iterable[list[str]]:
    """Stretches of words that may belong to a term, broken at empty words and verbs."""
    for clause in re.split(r"[,;:.!?()“”\"—–]", sentence):
        run: list[str] = []
        for word in words_of(clause):
            lower = word.lower()
            empty = (
                lower in STOPWORDS
                or lower in EVERYDAY
                or lower in NUMBERS
                or lower in verbs()
                or lower.endswith(("ly", "ed"))
                or (len(lower) < 3 and not word.isupper())
                or lower.isdigit()
            )
            if empty:
                if run:
                    yield run
                run = []
            else:
                run.append(word)
        if run:
            yield run


def _cased(words: Sequence[str], sentence: str) -> str:
    """As written, but without the capital that only begins a sentence."""
    text = " ".join(words)
    first = words[0]
    begins = sentence.lstrip("“\"' ").startswith(first)
    if begins and first[:1].isupper() and not first[1:2].isupper():
        return text[0].lower() + text[1:]
    return text


def _introduced(sentences: Sequence[str]) -> dict[tuple[str, ...], str]:
    """Terms that are defined somewhere, with the kind that the definition names."""
    kinds: dict[tuple[str, ...], str] = {}
    for sentence in sentences:
        match = _DEFINED.match(sentence)
        if match:
            key = tuple(stem(word) for word in words_of(match["term"]))
            nouns = [stem(word) for word in words_of(match["genus"])]
            kind = next(
                (genus_kinds()[noun] for noun in nouns if noun in genus_kinds()),
                "",
            )
            kinds.setdefault(key, kind)
        for called in _CALLED.finditer(sentence):
            words = [w for w in words_of(called[1]) if w.lower() not in STOPWORDS]
            if words:
                kinds.setdefault(tuple(stem(w) for w in words), "")
    return kinds


def _collocated(
    key: tuple[str, ...],
    found: Counter[tuple[str, ...]],
    singles: Counter[str],
    introduced: dict[tuple[str, ...], str],
) -> bool:
    """Single words always; several when they come together more often than apart."""
    if len(key) == 1 or key in introduced:
        return True
    together = found[key]
    apart = min(singles[word] for word in key)
    return together >= 2 and together >= 0.5 * apart


def _term(
    key: tuple[str, ...],
    found: Counter[tuple[str, ...]],
    singles: Counter[str],
    spoken: dict[tuple[str, ...], Counter[str]],
    places: dict[tuple[str, ...], set[int]],
    introduced: dict[tuple[str, ...], str],
    sentences: int,
) -> Term:
    text = spoken[key].most_common(1)[0][0]
    # A word in every sentence is the lesson's subject and asks for nothing.
    rarity = math.log(1 + sentences / len(places[key]))
    weight = (1 + math.log(found[key])) * rarity * (1 + 0.4 * (len(key) - 1))
    if key in introduced:
        weight *= 1.8
    if any(len(word) >= 8 for word in key):
        weight *= 1.25
    return Term(
        text=text,
        weight=weight,
        kind=introduced.get(key) or kind_of(text),
        count=found[key],
    )


def kind_of(text: str) -> str:
    """Of what kind a term is, by the small lexicon, else by its ending."""
    lower = text.lower()
    for kind, members in KINDS.items():
        if lower in (member.lower() for member in members):
            return kind
    head = lower.split()[-1]
    if stem(head) in genus_kinds():
        return genus_kinds()[stem(head)]
    if text[:1].isupper():
        # Calvin ends like insulin, and is none.
        return "name"
    for suffixes, kind in _SUFFIX_KINDS:
        if head.endswith(suffixes) and len(head) > 5:
            # An ending is a guess: the lexicon's words of that kind may be far off.
            return f"{kind}?"
    return "thing"


def _without_fragments(terms: Sequence[Term]) -> list[Term]:
    """“cycle” says little where the lesson always says “Calvin cycle”."""
    longer = [term for term in terms if len(term.stems) > 1]
    return [
        term
        for term in terms
        if not any(
            set(term.stems) < set(other.stems) and other.count >= 0.6 * term.count
            for other in longer
        )
    ]
