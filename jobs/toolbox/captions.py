"""Captions: cues made from the times of words; SRT and WebVTT written and read."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from jobs.errors import UnreadableMediaError


@dataclass(frozen=True, kw_only=True)
class TimedWord:
    """One word as it is written, and when it is heard."""

    text: str
    start_s: float
    end_s: float


@dataclass(frozen=True, kw_only=True)
class Cue:
    """What stands on the screen from one moment to another."""

    start_s: float
    end_s: float
    lines: tuple[str, ...]

    @property
    def text(self) -> str:
        return " ".join(self.lines)

    @property
    def duration_s(self) -> float:
        return self.end_s - self.start_s


@dataclass(frozen=True, kw_only=True)
class CaptionRules:
    """What can be read in passing."""

    line_length: int = 42
    lines: int = 2
    characters_per_second: float = 20.0
    shortest_s: float = 5 / 6
    longest_s: float = 7.0
    # Cues that nearly touch flicker: they either meet or keep this distance.
    gap_s: float = 2 / 30
    # A silence this long between two words begins a new cue.
    pause_s: float = 0.6


RULES = CaptionRules()


def cues_from_words(
    words: Sequence[TimedWord],
    *,
    rules: CaptionRules = RULES,
    end_s: float | None = None,
) -> list[Cue]:
    """Group words into cues that break where the speech does; none runs past `end_s`."""
    groups = _merged_if_short(_groups(_fitting(words, rules), rules), rules)
    last = end_s if end_s is not None else float("inf")
    cues: list[Cue] = []
    for index, group in enumerate(groups):
        following = groups[index + 1][0].start_s if index + 1 < len(groups) else last
        start = max(group[0].start_s, cues[-1].end_s if cues else 0.0)
        text = _joined(group)
        needed = max(rules.shortest_s, len(text) / rules.characters_per_second)
        end = max(group[-1].end_s, start + needed)
        end = min(end, start + rules.longest_s, following)
        if 0 < following - end < rules.gap_s:
            end = following
        cues.append(Cue(start_s=start, end_s=end, lines=_lines(text, rules)))
    return cues


def _fitting(words: Iterable[TimedWord], rules: CaptionRules) -> list[TimedWord]:
    """A word longer than a line (or a script without spaces) is cut into shares of it."""
    fitting: list[TimedWord] = []
    for word in words:
        text = word.text.strip()
        pieces = [
            text[at : at + rules.line_length]
            for at in range(0, len(text), rules.line_length)
        ]
        for index, piece in enumerate(pieces):
            span = (word.end_s - word.start_s) / len(pieces)
            start = word.start_s + index * span
            fitting.append(TimedWord(text=piece, start_s=start, end_s=start + span))
    return fitting


def _groups(words: Sequence[TimedWord], rules: CaptionRules) -> list[list[TimedWord]]:
    groups: list[list[TimedWord]] = []
    for word in words:
        if groups and not _must_break(groups[-1], word, rules):
            groups[-1].append(word)
        else:
            groups.append([word])
    return groups


def _must_break(
    group: Sequence[TimedWord], word: TimedWord, rules: CaptionRules
) -> bool:
    if word.start_s - group[-1].end_s > rules.pause_s:
        return True
    if word.end_s - group[0].start_s > rules.longest_s:
        return True
    text = _joined([*group, word])
    if len(_wrapped(text, rules.line_length)) > rules.lines:
        return True
    # More letters than the time since the cue's start lets one read by the word's end.
    spoken_s = word.end_s - group[0].start_s
    long_enough = group[-1].end_s - group[0].start_s >= rules.shortest_s
    if long_enough and _ends_sentence(group[-1].text, word.text):
        return True
    crowded = len(text) > rules.characters_per_second * max(spoken_s, rules.shortest_s)
    return crowded and long_enough and group[-1].text[-1:] in ",;:—–"


def _ends_sentence(text: str, following: str) -> bool:
    # “No. 12” is one thing.
    return text[-1:] in ".!?…。！？" and not (
        text[-1:] == "." and len(text) < 5 and following[:1].isdigit()
    )


def _merged_if_short(
    groups: list[list[TimedWord]], rules: CaptionRules
) -> list[list[TimedWord]]:
    """A cue too short to read joins the one before or after it when both fit."""
    merged: list[list[TimedWord]] = []
    for index, group in enumerate(groups):
        if merged and (
            _too_short(group, groups[index + 1 : index + 2], rules)
            or _too_short(merged[-1], [group], rules)
        ):
            both = [*merged[-1], *group]
            if _fits(both, rules):
                merged[-1] = both
                continue
        merged.append(group)
    return merged


def _too_short(
    group: Sequence[TimedWord],
    following: Sequence[Sequence[TimedWord]],
    rules: CaptionRules,
) -> bool:
    until = following[0][0].start_s if following else float("inf")
    needed = max(rules.shortest_s, len(_joined(group)) / rules.characters_per_second)
    return until - group[0].start_s < needed


def _fits(group: Sequence[TimedWord], rules: CaptionRules) -> bool:
    return (
        group[-1].end_s - group[0].start_s <= rules.longest_s
        and len(_wrapped(_joined(group), rules.line_length)) <= rules.lines
    )


def _joined(words: Sequence[TimedWord]) -> str:
    return " ".join(word.text for word in words)


def _lines(text: str, rules: CaptionRules) -> tuple[str, ...]:
    """One line when it fits; else two of about equal length, broken after a comma if any."""
    if len(text) <= rules.line_length:
        return (text,)
    wrapped = _wrapped(text, rules.line_length)
    if len(wrapped) != 2:
        return tuple(wrapped)
    words = text.split(" ")
    splits = [(" ".join(words[:i]), " ".join(words[i:])) for i in range(1, len(words))]
    fitting = [s for s in splits if max(map(len, s)) <= rules.line_length]
    return min(
        fitting,
        key=lambda s: abs(len(s[0]) - len(s[1])) - (14 if s[0][-1] in ",.;:!?" else 0),
    )


def _wrapped(text: str, width: int) -> list[str]:
    lines = [""]
    for word in text.split(" "):
        if lines[-1] and len(lines[-1]) + 1 + len(word) > width:
            lines.append(word)
        else:
            lines[-1] = f"{lines[-1]} {word}".strip()
    return lines


def to_srt(cues: Sequence[Cue]) -> str:
    blocks = [
        f"{number}\n{_clock(cue.start_s, ',')} --> {_clock(cue.end_s, ',')}\n"
        + "\n".join(cue.lines)
        for number, cue in enumerate(cues, start=1)
    ]
    return "\n\n".join(blocks) + "\n"


def to_vtt(cues: Sequence[Cue], *, settings: str = "") -> str:
    """WebVTT; `settings` (such as `line:80%`) goes behind the times of each cue."""
    behind = f" {settings}" if settings else ""
    blocks = ["WEBVTT"] + [
        f"{_clock(cue.start_s, '.')} --> {_clock(cue.end_s, '.')}{behind}\n"
        + "\n".join(_escaped(line) for line in cue.lines)
        for cue in cues
    ]
    return "\n\n".join(blocks) + "\n"


_TIMES = re.compile(
    r"(?:(\d+):)?(\d{1,2}):(\d{2})[.,](\d{1,3})\s*-->\s*"
    r"(?:(\d+):)?(\d{1,2}):(\d{2})[.,](\d{1,3})"
)
_TAG = re.compile(r"<[^>]*>|\{\\[^}]*\}")


def parse(text: str) -> list[Cue]:
    """Read SRT or WebVTT, leniently as players do; markup is dropped."""
    cues: list[Cue] = []
    plain = text.lstrip("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    for block in re.split(r"\n\s*\n", plain):
        lines = block.strip("\n").split("\n")
        at = next((i for i, line in enumerate(lines) if _TIMES.search(line)), None)
        if at is None:
            continue
        times = _TIMES.search(lines[at])
        assert times is not None
        words = [_unescaped(_TAG.sub("", line)).strip() for line in lines[at + 1 :]]
        kept = tuple(line for line in words if line)
        start, end = _seconds(times.groups()[:4]), _seconds(times.groups()[4:])
        if kept and end > start:
            cues.append(Cue(start_s=start, end_s=end, lines=kept))
    if not cues and plain.strip() and not plain.startswith("WEBVTT"):
        raise UnreadableMediaError("No caption times were found in this file.")
    return cues


def words_from_cues(cues: Iterable[Cue]) -> list[TimedWord]:
    """Times of words guessed from their cues, each by its share of the letters."""
    words: list[TimedWord] = []
    for cue in cues:
        texts = cue.text.split()
        letters = sum(len(text) + 1 for text in texts) or 1
        at = cue.start_s
        for text in texts:
            span = cue.duration_s * (len(text) + 1) / letters
            words.append(TimedWord(text=text, start_s=at, end_s=at + span))
            at += span
    return words


def _clock(seconds: float, mark: str) -> str:
    thousandths = max(round(seconds * 1000), 0)
    minutes, rest = divmod(thousandths, 60_000)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{rest // 1000:02}{mark}{rest % 1000:03}"


def _seconds(parts: Sequence[str | None]) -> float:
    hours, minutes, seconds, fraction = (part or "0" for part in parts)
    whole = int(hours) * 3600 + int(minutes) * 60 + int(seconds)
    return whole + int(fraction.ljust(3, "0")) / 1000


def _escaped(line: str) -> str:
    return line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _unescaped(line: str) -> str:
    for entity, sign in (("&lt;", "<"), ("&gt;", ">"), ("&nbsp;", " "), ("&amp;", "&")):
        line = line.replace(entity, sign)
    return line
