"""What a product is called for short: on the screen, and in the mouth."""

import re
import unicodedata

from jobs.toolbox.speech import language_of

_SCREEN_LETTERS = 34
_SPOKEN_WORDS = 5
_WORD_LETTERS = 18
_BREAKS = re.compile(r"\s+[-–—|:/]\s+|[,;(\[|•·]|\s{2,}")


def title_of(product_name: str) -> str:
    """The name without its tail of specifications, short enough for the screen."""
    first = _BREAKS.split(product_name.strip())[0].strip() or product_name.strip()
    if len(first) <= _SCREEN_LETTERS:
        return first
    words = first.split()
    if len(words) == 1:
        return _cut(first)
    kept = words[0]
    for word in words[1:]:
        if len(kept) + 1 + len(word) > _SCREEN_LETTERS:
            break
        kept = f"{kept} {word}"
    return _cut(kept)


def spoken_name(title: str) -> str:
    """The name as an English voice can say it; empty when it cannot."""
    plain = "".join(sign for sign in title if unicodedata.category(sign)[0] in "LNPZ")
    words = [word for word in plain.split() if any(sign.isalnum() for sign in word)][
        :_SPOKEN_WORDS
    ]
    said = " ".join(words).strip(" -–—·.,!?")
    if not said or max(map(len, said.split())) > _WORD_LETTERS:
        return ""
    if language_of(said) != "en-us":
        return ""
    latin = [unicodedata.name(s, "").startswith("LATIN") for s in said if s.isalpha()]
    return said if all(latin) else ""


def _cut(text: str) -> str:
    if len(text) <= _SCREEN_LETTERS:
        return text
    return text[: _SCREEN_LETTERS - 1].rstrip() + "…"
