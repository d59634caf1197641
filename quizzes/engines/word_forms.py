"""The forms that an English word may take, of which not all are words."""

_ENDINGS = ("s", "es", "ed", "ing")
# After these a plural is written with “es”.
_HISSES = ("sses", "xes", "zes", "ches", "shes", "gases", "buses")
_SHORTEST = 3


def forms_of(word: str) -> tuple[str, ...]:
    """“router” for “routers”, “absorbing” for “absorbs”: whoever asks knows which exist."""
    forms: dict[str, None] = {}
    for base in _bases(word):
        forms[base] = None
        short = base.removesuffix("e")
        forms |= dict.fromkeys(base + ending for ending in _ENDINGS)
        forms |= dict.fromkeys((f"{short}ed", f"{short}ing"))
        if base.endswith("y"):
            forms |= dict.fromkeys((f"{base[:-1]}ies", f"{base[:-1]}ied"))
    forms.pop(word, None)
    return tuple(form for form in forms if len(form) >= _SHORTEST)


def _bases(word: str) -> list[str]:
    """What the word may be a form of, itself included."""
    if word.endswith("ies"):
        return [word, f"{word[:-3]}y"]
    if word.endswith("ves"):
        return [word, f"{word[:-3]}f", word[:-1]]
    if word.endswith(_HISSES):
        return [word, word[:-2]]
    if word.endswith("s") and not word.endswith("ss"):
        return [word, word[:-1]]
    return [word]
