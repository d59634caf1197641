"""An ad as it is heard: loudness, stems, captions beside the words."""

import itertools
import re

import numpy as np

from ads.styles import Aspect
from ads.timing import LEAD_S
from benchmarks.ads_made import Made
from benchmarks.ads_report import Report
from jobs.toolbox import audio, captions, ffmpeg


def check_sound(report: Report, made: Made, aspect: Aspect) -> None:
    path = made.output("video", ".mp4", aspect)
    words = ffmpeg.report_of(
        ["-i", path, "-af", "ebur128=peak=true", "-f", "null", "-"]
    )
    lufs = float(re.findall(r"I:\s+(-?[\d.]+) LUFS", words)[-1])
    peak = float(re.findall(r"Peak:\s+(-?[\d.]+) dBFS", words)[-1])
    report.tell("loudness_lufs", made, lufs, "-14 +-0.5", abs(lufs + 14) <= 0.5, aspect)
    report.tell("true_peak_dbtp", made, peak, -1.0, peak <= -1.0, aspect)


def check_stems(report: Report, made: Made) -> None:
    voice = audio.read_wav(made.output("voice"))
    music = audio.read_wav(made.output("music"))
    windows = spoken_windows(made)
    under = [
        audio.rms_db(voice.samples[a:b]) - audio.rms_db(music.samples[a:b])
        for a, b in windows
    ]
    least = round(min(under), 1)
    report.tell("music_under_voice_db", made, least, 12, least >= 12)
    gaps = [(b[0] - a[1]) / audio.RATE_HZ for a, b in itertools.pairwise(windows)]
    after = audio.RATE_HZ // 20
    cut_off = [
        (a, b)
        for a, b in windows
        if audio.rms_db(voice.samples[b + 6 * after : b + 7 * after]) > -38
    ]
    ok = (
        min(gaps, default=1) > 0 and not cut_off and windows[-1][1] < len(voice.samples)
    )
    value = {"shortest_gap_s": round(min(gaps, default=0), 2), "cut_off": len(cut_off)}
    report.tell("voice_whole", made, value, {"gap_s": 0, "cut_off": 0}, ok)


def spoken_windows(made: Made) -> list[tuple[int, int]]:
    """Samples at which each line is spoken."""
    windows = []
    for voice in made.voices:
        if voice.words:
            start = made.spans[voice.scene - 1].start_s + LEAD_S
            end = start + voice.duration_s
            windows.append((round(start * audio.RATE_HZ), round(end * audio.RATE_HZ)))
    return windows


def check_captions(report: Report, made: Made) -> None:
    text = made.output("captions_srt").read_text(encoding="utf-8")
    cues = captions.parse(text)
    longest = max(len(line) for cue in cues for line in cue.lines)
    lines = max(len(cue.lines) for cue in cues)
    rate = max(len(cue.text) / cue.duration_s for cue in cues)
    shortest = min(cue.duration_s for cue in cues)
    value = {
        "line": longest,
        "lines": lines,
        "per_second": round(rate, 1),
        "shortest_s": round(shortest, 2),
        "longest_s": round(max(cue.duration_s for cue in cues), 2),
    }
    # Files tell times in whole milliseconds.
    ok = longest <= 42 and lines <= 2 and rate <= 20.03 and shortest >= 5 / 6 - 0.001
    ok = ok and value["longest_s"] <= 7
    limit = {
        "line": 42,
        "lines": 2,
        "per_second": 20,
        "shortest_s": 0.83,
        "longest_s": 7,
    }
    report.tell("captions", made, value, limit, ok)
    late = [
        abs(cue.start_s - onset) * 1000
        for cue in cues
        if (onset := heard_onset(made, cue.start_s)) is not None
    ]
    worst = round(max(late, default=0))
    value = {"worst": worst, "cues": len(late)}
    report.tell("caption_sync_ms", made, value, 120, bool(late) and worst <= 120)


def heard_onset(made: Made, near_s: float) -> float | None:
    """When sound sets in after a silence near a moment, as the voice's stem has it."""
    voice = audio.read_wav(made.output("voice"))
    hop = audio.RATE_HZ // 200
    start = max(round((near_s - 0.35) * audio.RATE_HZ), 0)
    piece = np.abs(voice.samples[start : start + round(0.7 * audio.RATE_HZ), 0])
    level = piece[: len(piece) // hop * hop].reshape(-1, hop).max(axis=1)
    loud = level > 0.03
    for place in range(8, len(loud)):
        if loud[place] and not loud[max(place - 14, 0) : place].any():
            return near_s - 0.35 + place * hop / audio.RATE_HZ
    return None
