"""When what happens: scenes cut on the beat, each long enough for what is said in it."""

from collections.abc import Sequence
from dataclasses import dataclass

from ads.errors import ScriptTooLongError
from ads.script import AdScript, Scene
from ads.styles import Style

FPS = 30
# The voice starts a little after the cut and ends a little before the next.
LEAD_S = 0.3
TAIL_S = 0.2
# The call to action must be readable for three seconds, and needs time to come in.
END_CARD_S = 3.3
SHORTEST_SCENE_S = 0.74
# Ads shorter than this cut on half beats.
_SHORT_AD_S = 10

LETTERS_PER_SECOND = 15.8
_SHARES = (0.23, 0.26, 0.27, 0.24)


@dataclass(frozen=True, kw_only=True)
class Beat:
    """The grid that a style's music lays over an ad."""

    count: int
    seconds: float

    @property
    def per_minute(self) -> float:
        return 60.0 / self.seconds


@dataclass(frozen=True, kw_only=True)
class Span:
    """The frames of one scene; `last` is the first of the next."""

    first: int
    last: int

    @property
    def frames(self) -> int:
        return self.last - self.first

    @property
    def start_s(self) -> float:
        return self.first / FPS

    @property
    def seconds(self) -> float:
        return self.frames / FPS


def beat_of(style: Style, duration_s: float) -> Beat:
    """Whole bars of four, at a tempo as near to the style's as the length allows."""
    bars = max(round(style.beats_per_minute * duration_s / 240), 1)
    return Beat(count=bars * 4, seconds=duration_s / (bars * 4))


def spans_of(script: AdScript, duration_s: float) -> list[Span]:
    """The frames of each scene; together exactly the ad's."""
    total = round(duration_s * FPS)
    spans: list[Span] = []
    clock, first = 0.0, 0
    for place, scene in enumerate(script.scenes):
        clock += scene.seconds
        last = total if place == len(script.scenes) - 1 else round(clock * FPS)
        spans.append(Span(first=first, last=last))
        first = last
    return spans


def spoken_s(text: str, style: Style) -> float:
    """About how long a text takes to say in a style."""
    letters = len(" ".join(text.split()))
    pauses = max(sum(text.count(mark) for mark in ".!?…。！？") - 1, 0)
    # A Han sign is a syllable, and weighs as much as three letters.
    letters += 2 * sum("\u4e00" <= sign <= "\u9fff" for sign in text)
    speech = letters / LETTERS_PER_SECOND / style.delivery.pace
    return speech + pauses * style.delivery.pause_s


def room_s(scene_s: float) -> float:
    """How long the voice may take in a scene of a length."""
    return max(scene_s - LEAD_S - TAIL_S, 0.0)


def planned(script: AdScript, style: Style, duration_s: float) -> AdScript:
    """The script with its scenes' lengths set: on the beat, and long enough to be spoken."""
    needs = [spoken_s(scene.voiceover_text, style) for scene in script.scenes]
    seconds = scene_lengths(needs, style, duration_s)
    scenes = [
        scene.model_copy(update={"seconds": round(length, 4)})
        for scene, length in zip(script.scenes, seconds, strict=True)
    ]
    return script.model_copy(update={"scenes": _four(scenes)})


def scene_lengths(
    needs: Sequence[float], style: Style, duration_s: float
) -> list[float]:
    """Lengths in whole beats; a scene that needs more takes from those with room to spare."""
    beat = beat_of(style, duration_s)
    if duration_s < _SHORT_AD_S:
        beat = Beat(count=beat.count * 2, seconds=beat.seconds / 2)
    least = [_beats(_needed_s(n), beat) for n in needs]
    least[-1] = max(least[-1], _beats(END_CARD_S, beat))
    if sum(least) > beat.count:
        raise ScriptTooLongError(
            needed_s=sum(_needed_s(n) for n in needs), duration_s=duration_s
        )
    beats = [round(share * beat.count) for share in _SHARES]
    beats[-1] += beat.count - sum(beats)
    while any(b < n for b, n in zip(beats, least, strict=True)):
        spare = [b - n for b, n in zip(beats, least, strict=True)]
        beats[spare.index(max(spare))] -= 1
        beats[spare.index(min(spare))] += 1
    return [b * beat.seconds for b in beats]


def _needed_s(spoken: float) -> float:
    return max(SHORTEST_SCENE_S, spoken + LEAD_S + TAIL_S if spoken else 0.0)


def _beats(seconds: float, beat: Beat) -> int:
    return -int(-(seconds - 1e-6) // beat.seconds)


def _four(scenes: Sequence[Scene]) -> tuple[Scene, Scene, Scene, Scene]:
    first, second, third, fourth = scenes
    return first, second, third, fourth
