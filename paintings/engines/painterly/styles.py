"""From the words people use for a style to one that can be painted here."""

from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum


class Style(StrEnum):
    """What this machine paints itself."""

    OIL = "oil"
    IMPRESSIONIST = "impressionist"
    WATERCOLOUR = "watercolour"
    PENCIL = "pencil"
    INK = "ink"
    PASTEL = "pastel"
    POINTILLISM = "pointillism"
    KUWAHARA = "kuwahara"
    WOODCUT = "woodcut"


@dataclass(frozen=True, kw_only=True)
class Choice:
    """The style that words were taken for, and whether that was a guess."""

    style: Style
    guessed: bool


_WORDS: dict[Style, tuple[str, ...]] = {
    Style.OIL: (
        "oil",
        "oils",
        "impasto",
        "palette knife",
        "rembrandt",
        "baroque",
        "renaissance",
        "acrylic",
        "gouache",
        "classical",
        "expressionist",
        "fauvist",
        "realist",
        "portrait",
        "romanticism",
        "caravaggio",
        "vermeer",
        "turner",
        "brushstrokes",
        "painting",
        "canvas",
    ),
    Style.IMPRESSIONIST: (
        "impressionist",
        "impressionism",
        "impressionistic",
        "monet",
        "renoir",
        "van gogh",
        "gogh",
        "cezanne",
        "post-impressionist",
        "plein air",
        "starry night",
        "dabs",
        "degas",
        "manet",
    ),
    Style.WATERCOLOUR: (
        "watercolour",
        "watercolor",
        "aquarelle",
        "wash",
        "washes",
        "water colour",
        "wet on wet",
        "tempera",
        "loose",
    ),
    Style.PENCIL: (
        "pencil",
        "sketch",
        "graphite",
        "charcoal",
        "drawing",
        "line art",
        "conte",
        "draft",
    ),
    Style.INK: (
        "ink",
        "pen",
        "hatching",
        "crosshatch",
        "cross-hatching",
        "engraving",
        "etching",
        "comic",
        "manga",
        "sumi",
        "sumi-e",
        "black and white",
        "lithograph",
    ),
    Style.PASTEL: ("pastel", "pastels", "chalk", "crayon", "soft pastel", "oil pastel"),
    Style.POINTILLISM: (
        "pointillism",
        "pointillist",
        "dots",
        "stippling",
        "stipple",
        "seurat",
        "signac",
        "divisionism",
        "mosaic",
    ),
    Style.KUWAHARA: (
        "kuwahara",
        "smooth",
        "anime",
        "ghibli",
        "cartoon",
        "digital painting",
        "digital",
        "soft",
        "concept art",
        "airbrush",
        "flat",
        "poster",
        "storybook",
        "illustration",
        "cel",
    ),
    Style.WOODCUT: (
        "woodcut",
        "wood cut",
        "linocut",
        "lino",
        "ukiyo-e",
        "woodblock",
        "hokusai",
        "block print",
        "print",
        "japanese",
        "folk art",
        "expressionist print",
    ),
}


def choose(words: str) -> Choice:
    """The style whose name or common word stands in the text; the longest word wins."""
    text = f" {' '.join(words.lower().replace('_', ' ').split())} "
    found = [
        (len(word), style)
        for style, names in _WORDS.items()
        for word in names
        if f" {word} " in text.replace(",", " ").replace(".", " ")
    ]
    if found:
        longest = max(length for length, _ in found)
        return Choice(
            style=next(style for length, style in found if length == longest),
            guessed=False,
        )
    owner = {word: style for style, names in _WORDS.items() for word in names}
    for word in text.split():
        near = get_close_matches(word, owner, n=1, cutoff=0.75)
        if near:
            return Choice(style=owner[near[0]], guessed=False)
    return Choice(style=Style.OIL, guessed=True)
