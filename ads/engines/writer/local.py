"""Writes a script from the grammar: seeded, fitted to the time, true to what it was told."""

import random
import re
import string
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from ads.engines.writer.grammar import GRAMMAR, Phrases
from ads.engines.writer.names import spoken_name, title_of
from ads.params import AdParams
from ads.script import AdScript, Camera, Look, Scene
from ads.styles import Style, style_of
from ads.timing import (
    END_CARD_S,
    LEAD_S,
    SHORTEST_SCENE_S,
    TAIL_S,
    planned,
    scene_lengths,
    spoken_s,
)

_CHOICE = re.compile(r"\[([^\[\]]*)\]")
_CAMERAS = {
    1: (Camera.PUSH_IN, Camera.RISE, Camera.DRIFT_LEFT),
    2: (Camera.ORBIT, Camera.DRIFT_RIGHT, Camera.PULL_BACK),
    3: (Camera.CLOSE_UP, Camera.ORBIT, Camera.CLOSE_UP),
    4: (Camera.STILL,),
}
_SHORT_AD_S = 10
# A spoken scene is left some air; a full one sounds read out.
_FILL = 0.86


@dataclass
class _Gaps:
    """What may be said, and what has been said already."""

    name: str
    colour: str
    shape: str
    cta: str
    features: list[str]
    used: set[str] = field(default_factory=set)


def write_script(params: AdParams, look: Look | None) -> AdScript:
    """A script for the product, another for every seed."""
    style = style_of(params.style)
    rng = random.Random(f"{params.seed}/{params.style}/{params.product_name}")
    phrases = GRAMMAR[params.style]
    title = title_of(params.product_name)
    cta = params.cta_text or style.default_cta
    gaps = _Gaps(
        name=spoken_name(title),
        colour=look.colour if look else "",
        shape=look.shape if look else "",
        cta=_as_spoken(cta),
        features=[_clean(feature) for feature in params.features],
    )
    hook_text, hook_line = (_chosen(line, rng) for line in rng.choice(phrases.hook))
    seconds = scene_lengths([0, 0, 0, 0], style, params.duration)
    voices = _voices(phrases, gaps, hook_line, seconds, style, rng)
    texts = [
        hook_text,
        title,
        _detail_text(phrases, gaps, params.features, rng),
        cta,
    ]
    scenes = [
        Scene(
            index=index,
            voiceover_text=voices[index - 1],
            on_screen_text=texts[index - 1][:120],
            camera=rng.choice(_CAMERAS[index]),
            mood=phrases.moods[index - 1],
            seconds=seconds[index - 1],
        )
        for index in (1, 2, 3, 4)
    ]
    first, second, third, fourth = scenes
    script = AdScript(hook=hook_text, cta=cta, scenes=(first, second, third, fourth))
    return planned(script, style, params.duration)


def _voices(
    phrases: Phrases,
    gaps: _Gaps,
    hook_line: str,
    seconds: Sequence[float],
    style: Style,
    rng: random.Random,
) -> list[str]:
    if sum(seconds) < _SHORT_AD_S:
        return _short_voices(phrases, gaps, hook_line, sum(seconds), style, rng)
    half = (len(gaps.features) + 1) // 2
    first, rest = gaps.features[:half], gaps.features[half:]
    opening = [hook_line, *_shuffled(phrases.hook_more, rng)]
    middle = [
        *_naming(phrases.reveal, gaps, rng)[:1],
        *_featured(phrases, first, rng),
        *_shuffled(phrases.look, rng),
    ]
    near = [
        *_shuffled(phrases.detail, rng)[:1],
        *_featured(phrases, rest, rng),
        *_shuffled(phrases.detail, rng),
    ]
    ending = _naming(phrases.close, gaps, rng)
    pools = (opening, middle, near, ending)
    most = (2, 4, 4, 1) if sum(seconds) <= 30 else (4, 8, 8, 2)
    return [
        _filled_up(pool, length, style, gaps, rng, most=count)
        for pool, length, count in zip(pools, seconds, most, strict=True)
    ]


def _short_voices(
    phrases: Phrases,
    gaps: _Gaps,
    hook_line: str,
    duration_s: float,
    style: Style,
    rng: random.Random,
) -> list[str]:
    """Six seconds hold one spoken line, over the end card."""
    room = END_CARD_S - LEAD_S - TAIL_S
    options = [
        _filled(_chosen(line, rng), gaps) for line in _shuffled(phrases.close, rng)
    ]
    fitting = [line for line in options if line and spoken_s(line, style) <= room]
    closing = max(fitting, key=len, default="")
    spare = (duration_s - END_CARD_S - 2 * SHORTEST_SCENE_S) - LEAD_S - TAIL_S - 0.2
    opening = hook_line if spoken_s(hook_line, style) <= spare else ""
    return [opening, "", "", closing]


def _filled_up(
    pool: Iterable[str],
    length_s: float,
    style: Style,
    gaps: _Gaps,
    rng: random.Random,
    *,
    most: int,
) -> str:
    """Sentences of a pool, in its order, as long as they can be spoken in the scene."""
    room = (length_s - LEAD_S - TAIL_S) * _FILL
    said: list[str] = []
    for pattern in pool:
        if pattern in gaps.used:
            continue
        sentence = _filled(_chosen(pattern, rng), gaps)
        text = " ".join([*said, sentence])
        if not sentence or sentence in gaps.used or spoken_s(text, style) > room:
            continue
        said.append(sentence)
        gaps.used |= {sentence, pattern}
        if len(said) == most:
            break
    return " ".join(said)


def _naming(patterns: Sequence[str], gaps: _Gaps, rng: random.Random) -> list[str]:
    """Those that say the name come first, when it can be said."""
    mixed_up = _shuffled(patterns, rng)
    return sorted(mixed_up, key=lambda p: bool(gaps.name) and "{name}" not in p)


def _featured(
    phrases: Phrases, features: Sequence[str], rng: random.Random
) -> list[str]:
    """One sentence a feature, the feature's own words inside."""
    sentences: list[str] = []
    for feature in features:
        noun = _is_noun_phrase(feature)
        pattern = rng.choice(phrases.feature if noun else phrases.plain_feature)
        low = feature if feature[:2].isupper() else feature[:1].lower() + feature[1:]
        high = feature[:1].upper() + feature[1:]
        sentences.append(pattern.replace("{feature}", low).replace("{Feature}", high))
    return sentences


def _is_noun_phrase(feature: str) -> bool:
    """Whether “You get …” can stand before it: verbs and whole sentences cannot."""
    first = feature.split(maxsplit=1)[0].casefold()
    return (
        first in ("a", "an", "the", "one", "two", "three")
        or first[:1].isdigit()
        or (
            feature.casefold().endswith(("s", "ing"))
            and not first.endswith(("s", "ed"))
        )
    )


def _detail_text(
    phrases: Phrases, gaps: _Gaps, features: Sequence[str], rng: random.Random
) -> str:
    short = [f for f in features if len(f) <= 32]
    if short:
        chosen = _clean(rng.choice(short))
        return chosen[:1].upper() + chosen[1:]
    for pattern in _shuffled(phrases.detail_text, rng):
        text = _filled(pattern, gaps)
        if text:
            return text
    return gaps.name


def _filled(pattern: str, gaps: _Gaps) -> str:
    """The sentence with its gaps filled; empty when one of them cannot be."""
    values = {
        "name": gaps.name,
        "colour": gaps.colour,
        "Colour": gaps.colour[:1].upper() + gaps.colour[1:],
        "shape": gaps.shape,
        "Shape": gaps.shape[:1].upper() + gaps.shape[1:],
        "cta": gaps.cta,
    }
    wanted = [name for _, name, _, _ in _pieces(pattern) if name]
    if any(not values.get(name) for name in wanted):
        return ""
    filled = pattern
    for name in wanted:
        filled = filled.replace(f"{{{name}}}", values[name])
    return filled.replace("!!", "!").replace("..", ".")


def _pieces(pattern: str) -> Iterable[tuple[str, str | None, str | None, str | None]]:
    # A feature's own words may hold braces, which are no gaps.
    try:
        return list(string.Formatter().parse(pattern))
    except ValueError:
        return []


def _chosen(pattern: str, rng: random.Random) -> str:
    return _CHOICE.sub(lambda match: rng.choice(match.group(1).split("|")), pattern)


def _shuffled(options: Sequence[str], rng: random.Random) -> list[str]:
    return rng.sample(list(options), len(options))


def _clean(feature: str) -> str:
    return " ".join(feature.split()).strip(" .!?;,")


def _as_spoken(cta: str) -> str:
    """The call to action without what cannot be said."""
    said = spoken_name(cta)
    return said or ""
