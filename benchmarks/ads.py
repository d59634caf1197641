"""Makes ads and measures them as a viewer's player would: one JSON object a line.

    python -m benchmarks.ads [--styles luxury,bold] [--aspects 16:9] [--duration 30]

Every line is `{"check", "style", "aspect", "value", "limit", "ok"}`; the last one sums up.
Each style is made in a process of its own, so that its memory is its own, too.
"""

import argparse
import itertools
import json
import multiprocessing
import os
import re
import resource
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mediaforge.settings")

import av
import cv2
import django
import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel

from ads import stages
from ads.engines import footage
from ads.engines.sample import draw_sample
from ads.engines.stage.layout import safe_area
from ads.engines.stage.palette import contrast
from ads.engines.stage.scene import SceneRenderer
from ads.params import AdParams
from ads.script import ScriptFacts
from ads.styles import Aspect, StyleName, style_of
from ads.timing import FPS, LEAD_S, Span, spans_of
from jobs.pipeline import StageResult
from jobs.toolbox import audio, captions, ffmpeg
from jobs.workbench import StepFile, Workbench
from tests.benches import make_bench

Frames = NDArray[np.uint8]  # (frames, height, width, 3), small
_SMALL = 320


@dataclass
class Made:
    """One ad: its stages' files and facts, and how long they took."""

    params: AdParams
    folder: Path
    picture: Path
    files: dict[str, list[StepFile]] = field(default_factory=dict)
    facts: dict[str, list[BaseModel]] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    cpu_s: float = 0.0
    peak_bytes: int = 0

    def bench(self, step: str, part: int | None = None) -> Workbench[AdParams]:
        return make_bench(
            self.params,
            self.folder / step,
            inputs=[self.picture],
            files=self.files,
            facts=self.facts,
            part=part,
            part_label=str(part + 1) if part is not None else "",
            parts=4,
        )

    def step(self, name: str, work: Any, parts: Sequence[int | None]) -> None:
        started, busy = time.perf_counter(), cpu_seconds()
        for part in parts:
            result = work(self.bench(name, part))
            assert isinstance(result, StageResult)
            self.files.setdefault(name, []).extend(
                StepFile(path=f.path, role=f.role, filename=f.name)
                for f in result.files
            )
            if result.facts is not None:
                self.facts.setdefault(name, []).append(result.facts)
        self.seconds[name] = time.perf_counter() - started
        self.cpu_s += cpu_seconds() - busy

    @property
    def script(self) -> ScriptFacts:
        facts = self.facts["script_gen"][0]
        assert isinstance(facts, ScriptFacts)
        return facts

    @property
    def voices(self) -> list[stages.VoiceFacts]:
        return [f for f in self.facts["voice_gen"] if isinstance(f, stages.VoiceFacts)]

    @property
    def spans(self) -> list[Span]:
        return spans_of(self.script.script, self.params.duration)

    def output(self, role: str, suffix: str = "", aspect: Aspect | None = None) -> Path:
        return next(
            f.path
            for f in self.files["compositing"]
            if f.role == role
            and f.path.suffix in (suffix, suffix or f.path.suffix)
            and (aspect is None or aspect.label in f.path.name)
        )

    def renderer(self, scene: int, aspect: Aspect) -> SceneRenderer:
        bench = self.bench("check", scene - 1)
        return SceneRenderer(stages.scene_plan(bench, self.script, scene, aspect))


def cpu_seconds() -> float:
    """What this process and its ended children have computed."""
    spent = os.times()
    return spent.user + spent.system + spent.children_user + spent.children_system


class Report:
    """Prints each finding as it is made."""

    def __init__(self) -> None:
        self.failed: list[str] = []
        self.count = 0

    def tell(
        self,
        check: str,
        made: Made,
        value: object,
        limit: object,
        ok: bool,
        aspect: Aspect | None = None,
    ) -> None:
        style = made.params.style.value
        line: dict[str, object] = {
            "check": check,
            "style": style,
            "aspect": aspect.value if aspect else None,
            "value": value,
            "limit": limit,
            "ok": bool(ok),
        }
        print(json.dumps(line), flush=True)
        self.count += 1
        if not ok:
            self.failed.append(f"{check}/{style}")


def make(params: AdParams, folder: Path, picture: Path) -> Made:
    made = Made(params=params, folder=folder, picture=picture)
    with watched_memory() as peak:
        made.step("script_gen", stages.write_script, [None])
        made.step("voice_gen", stages.speak_scene, range(4))
        made.step("video_gen", stages.film_scene, range(4))
        made.step("compositing", stages.compose_ad, [None])
    made.peak_bytes = peak[0]
    return made


@contextmanager
def watched_memory() -> Iterator[list[int]]:
    """The most that this process and its children hold at a time.

    `ru_maxrss` will not do: a child is born with its parent's peak, and counts it again.
    """
    peak, done = [0], threading.Event()

    def look() -> None:
        while not done.wait(0.2):
            peak[0] = max(peak[0], held_bytes())

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        yield peak
    finally:
        done.set()
        watcher.join()
        own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        peak[0] = max(peak[0], own)


def held_bytes() -> int:
    """Memory of this process and its children, pages that they share counted once."""
    whole = 0
    tasks = Path("/proc/self/task").iterdir()
    children = [pid for t in tasks for pid in (t / "children").read_text().split()]
    for pid in ("self", *children):
        try:
            told = Path(f"/proc/{pid}/smaps_rollup").read_text()
        except (FileNotFoundError, ProcessLookupError):
            continue  # It has ended meanwhile.
        found = re.search(r"^Pss:\s+(\d+) kB", told, re.MULTILINE)
        whole += int(found[1]) * 1024 if found else 0
    return whole


# The file ------------------------------------------------------------------------------


def check_file(report: Report, made: Made, aspect: Aspect) -> None:
    path = made.output("video", ".mp4", aspect)
    with av.open(str(path)) as media:
        video, sound = media.streams.video[0], media.streams.audio[0]
        frames = sum(1 for packet in media.demux(video) if packet.pts is not None)
        told = {
            "profile": video.codec_context.profile,
            "pixels": video.codec_context.pix_fmt,
            "size": [video.width, video.height],
            "fps": round(float(video.average_rate or 0), 4),
            "sound": sound.codec_context.name,
            "rate": sound.codec_context.sample_rate,
        }
    head = path.read_bytes()[:4_000_000]
    told["faststart"] = 0 <= head.find(b"moov") < (head.find(b"mdat") % len(head))
    wanted = {
        "profile": "High",
        "pixels": "yuv420p",
        "size": list(aspect.size_px),
        "fps": 30.0,
        "sound": "aac",
        "rate": 48_000,
        "faststart": True,
    }
    report.tell("file", made, told, wanted, told == wanted, aspect)
    asked = made.params.duration * FPS
    report.tell("frames", made, frames, asked, abs(frames - asked) <= 1, aspect)


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


# Captions ------------------------------------------------------------------------------


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
    ok = longest <= 42 and lines <= 2 and rate <= 20.5 and shortest >= 0.82
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
    report.tell(
        "caption_sync_ms", made, {"worst": worst, "cues": len(late)}, 120, worst <= 120
    )


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


def check_safe_area(report: Report, made: Made, aspect: Aspect) -> None:
    """Where captions change the picture, found by drawing it with and without them."""
    safe = safe_area(aspect, aspect.size_px)
    inside = True
    for scene, voice in enumerate(made.voices, start=1):
        if not voice.words:
            continue
        middle = (voice.words[0].start_s + voice.duration_s) / 2 + LEAD_S
        renderer = made.renderer(scene, aspect)
        spoken = renderer.draw(round(middle * FPS)).copy()
        plan = stages.scene_plan(
            made.bench("check", scene - 1), made.script, scene, aspect
        )
        silent = SceneRenderer(type(plan)(**{**vars(plan), "cues": ()}))
        plain = silent.draw(round(middle * FPS))
        rows, columns = np.nonzero((spoken != plain).any(axis=2))
        if len(rows):
            inside &= bool(
                safe.left <= columns.min() and columns.max() <= safe.right + 1
            )
            inside &= bool(safe.top <= rows.min() and rows.max() <= safe.bottom + 1)
    report.tell("captions_in_safe_area", made, inside, True, inside, aspect)


# Pictures ------------------------------------------------------------------------------


def frame_at(path: Path, number: int) -> NDArray[np.uint8]:
    """One decoded frame, RGB."""
    # The first frame that does not start before the asked-for moment is taken.
    moment = max(number - 0.25, 0) / FPS
    raw = ffmpeg.output(
        [
            *("-ss", f"{moment:.4f}", "-i", path, "-frames:v", "1"),
            *("-f", "image2pipe", "-c:v", "png", "pipe:1"),
        ]
    )
    decoded = cv2.imdecode(np.frombuffer(raw, np.uint8), cv2.IMREAD_COLOR)
    assert decoded is not None
    return np.asarray(cv2.cvtColor(decoded, cv2.COLOR_BGR2RGB), np.uint8)


def check_product(report: Report, made: Made, aspect: Aspect) -> None:
    path = made.output("video", ".mp4", aspect)
    scenes: list[dict[str, float | None]] = []
    ok = True
    for scene, span in enumerate(made.spans, start=1):
        renderer = made.renderer(scene, aspect)
        number = settled_frame(made, scene, span)
        frame = frame_at(path, span.first + number)
        alike, matched = product_likeness(renderer, number, frame)
        scenes.append({"ssim": round(alike, 3), "orb": matched})
        ok &= alike >= 0.95 or (matched is not None and matched >= 0.6)
    limit = {"ssim": 0.95, "or_orb": 0.6}
    report.tell("product_kept", made, scenes, limit, ok, aspect)


def settled_frame(made: Made, scene: int, span: Span) -> int:
    """A frame of a scene that neither its way in nor its way out covers."""
    covered = round(style_of(made.params.style).transition_s * FPS)
    first = covered if scene > 1 else 0
    last = span.frames - (covered if scene < len(made.spans) else 0)
    return round(first + (last - first) * 0.62)


def product_likeness(
    renderer: SceneRenderer, number: int, frame: NDArray[np.uint8]
) -> tuple[float, float | None]:
    """SSIM, and the share of ORB features kept, once the camera's move is undone."""
    source = renderer.product.levels[0]
    scale = min(1.0, renderer.pose(number).height / source.shape[0])
    size = (round(source.shape[1] * scale), round(source.shape[0] * scale))
    small = np.asarray(cv2.resize(source, size, interpolation=cv2.INTER_AREA), np.uint8)
    # Pixel centres lie at half, in the shrunken picture as in the whole one.
    across, down = size[0] / source.shape[1], size[1] / source.shape[0]
    grown = np.array(
        [[1 / across, 0, 0.5 / across], [0, 1 / down, 0.5 / down], [0, 0, 1]]
    )
    centred = np.array([[1, 0, -0.5], [0, 1, -0.5], [0, 0, 1.0]])
    back = np.linalg.inv(centred @ renderer.product_matrix(number) @ grown)
    seen = np.asarray(cv2.warpPerspective(frame, back, size), np.uint8)
    solid = cv2.erode((small[..., 3] == 255).astype(np.uint8), np.ones((9, 9)))
    # What lies outside the frame, or under a caption, cannot be compared.
    visible = np.ones(frame.shape[:2], np.uint8)
    under = renderer.layout.captions
    visible[round(under.top) - 12 : round(under.bottom) + 12] = 0
    whole = cv2.warpPerspective(visible, back, size)
    where = (np.asarray(solid) > 0) & (np.asarray(whole) > 0)
    alike = similarity(small[..., :3], seen, where)
    return alike, matched_share(small[..., :3], seen, where)


def matched_share(
    photo: NDArray[np.uint8], seen: NDArray[np.uint8], where: NDArray[np.bool_]
) -> float | None:
    """The photo's ORB features found again at their place; None if it has too few."""
    orb = cv2.ORB.create(nfeatures=500)
    mask = where.astype(np.uint8) * 255
    points, told = orb.detectAndCompute(cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY), mask)
    if len(points) < 60:
        return None
    others, found = orb.detectAndCompute(cv2.cvtColor(seen, cv2.COLOR_RGB2GRAY), mask)
    if found is None:
        return 0.0
    matches = cv2.BFMatcher(cv2.NORM_HAMMING, crossCheck=True).match(told, found)
    # A match elsewhere in the picture shows another part of the product.
    near = [
        match
        for match in matches
        if np.hypot(
            points[match.queryIdx].pt[0] - others[match.trainIdx].pt[0],
            points[match.queryIdx].pt[1] - others[match.trainIdx].pt[1],
        )
        < 4
    ]
    return round(len(near) / len(points), 3)


def similarity(
    one: NDArray[np.uint8], other: NDArray[np.uint8], where: NDArray[np.bool_]
) -> float:
    """SSIM of two pictures' brightness, over a mask."""
    a, b = (
        cv2.cvtColor(p, cv2.COLOR_RGB2GRAY).astype(np.float64) for p in (one, other)
    )

    def blur(x: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(cv2.GaussianBlur(x, (11, 11), 1.5))

    mean_a, mean_b = blur(a), blur(b)
    spread_a, spread_b = blur(a * a) - mean_a**2, blur(b * b) - mean_b**2
    both = blur(a * b) - mean_a * mean_b
    c1, c2 = 6.5025, 58.5225
    index = (2 * mean_a * mean_b + c1) * (2 * both + c2)
    index /= (mean_a**2 + mean_b**2 + c1) * (spread_a + spread_b + c2)
    return float(index[where].mean())


def small_frames(path: Path, aspect: Aspect) -> Frames:
    wide, high = aspect.size_px
    size = (_SMALL, round(_SMALL * high / wide / 2) * 2)
    raw = ffmpeg.output(
        [
            *("-i", path, "-an", "-vf", f"scale={size[0]}:{size[1]}:flags=area"),
            *("-f", "rawvideo", "-pix_fmt", "rgb24", "pipe:1"),
        ]
    )
    return np.frombuffer(raw, np.uint8).reshape(-1, size[1], size[0], 3)


def check_motion(report: Report, made: Made, aspect: Aspect, frames: Frames) -> None:
    errors = []
    edges = np.array([cv2.Laplacian(f, cv2.CV_32F).var() for f in frames])
    for span in made.spans[1:]:
        window = edges[span.first - 15 : span.first + 15]
        low = np.flatnonzero(window <= window.min() * 1.05 + 1e-6)
        errors.append(abs(float(low.mean()) + 0.5 - 15))
    worst = round(max(errors), 1)
    report.tell("cuts_off_frames", made, worst, 2, worst <= 2, aspect)
    dark = longest_run(frames.reshape(len(frames), -1).mean(axis=1) < 8) / FPS
    report.tell("black_s", made, round(dark, 2), 0.5, dark <= 0.5, aspect)
    moved = np.abs(np.diff(frames.astype(np.int16), axis=0)).reshape(
        len(frames) - 1, -1
    )
    still = (moved.max(axis=1) <= 2)[: made.spans[-1].first]
    frozen = longest_run(still) / FPS
    calm = made.params.style is StyleName.MINIMAL
    report.tell("frozen_s", made, round(frozen, 2), 1.5, frozen <= 1.5 or calm, aspect)
    button = made.renderer(4, aspect).layout.button
    assert button is not None
    scale = _SMALL / aspect.size_px[0]
    rows = slice(round(button.top * scale), round(button.bottom * scale))
    columns = slice(round(button.left * scale), round(button.right * scale))
    card = frames[made.spans[-1].first :, rows, columns].astype(np.int16)
    same = np.abs(card - card[-5]).reshape(len(card), -1)
    alike = (same > 40).mean(axis=1) < 0.1
    shown = longest_run(alike) / FPS
    report.tell("call_to_action_s", made, round(shown, 2), 3, shown >= 3, aspect)


def longest_run(flags: NDArray[np.bool_]) -> int:
    runs = (
        len(list(group)) for value, group in itertools.groupby(flags.tolist()) if value
    )
    return max(runs, default=0)


def check_contrast(report: Report, made: Made, aspect: Aspect) -> None:
    """The ink of each line against the ground that is really behind it."""
    worst = 21.0
    for scene in range(1, 5):
        renderer = made.renderer(scene, aspect)
        number = round(renderer.plan.span.frames * 0.6)
        frame = renderer.draw(number).copy()
        for piece in renderer.letters.pieces:
            top, left = round(piece.y), round(piece.x)
            box = frame[
                max(top, 0) : top + piece.coverage.shape[0],
                max(left, 0) : left + piece.coverage.shape[1],
            ]
            mask = piece.coverage[: box.shape[0], : box.shape[1]]
            near = cv2.dilate(mask, np.ones((9, 9))) > 0
            ground = box[near & (mask == 0)]
            if len(ground) < 20:
                continue
            # Letters' own soft edges are left out; of the rest, the mean counts.
            red, green, blue = (round(float(v)) for v in np.median(ground, axis=0))
            worst = min(worst, contrast(piece.colour, (red, green, blue)))
    report.tell("text_contrast", made, round(worst, 2), 4.5, worst >= 4.5, aspect)


# Time and memory -----------------------------------------------------------------------


def check_speed(report: Report, made: Made) -> None:
    """Against ffmpeg encoding the same finished frames with the same settings."""
    bare = bare_cpu = 0.0
    for aspect in made.params.aspect:
        with tempfile.TemporaryDirectory() as folder:
            raw = finished_frames(made, aspect, Path(folder) / "frames.yuv")
            started, busy = time.perf_counter(), cpu_seconds()
            ffmpeg.run(
                [
                    *footage.raw_video(*aspect.size_px),
                    *("-i", str(raw), "-an", *footage.X264, *footage.COLOURS),
                    Path(folder) / "again.mp4",
                ]
            )
            bare += time.perf_counter() - started
            bare_cpu += cpu_seconds() - busy
    whole = sum(made.seconds.values())
    value = {
        "ratio": round(whole / bare, 2),
        "cpu_ratio": round(made.cpu_s / bare_cpu, 2),
        "seconds": round(whole, 1),
        "cpu_s": round(made.cpu_s, 1),
        "encoding_s": round(bare, 1),
        "encoding_cpu_s": round(bare_cpu, 1),
        "steps": {name: round(s, 1) for name, s in made.seconds.items()},
        "load": round(os.getloadavg()[0], 1),
    }
    report.tell("time_over_encoding", made, value, 1.5, whole / bare <= 1.5)


def finished_frames(made: Made, aspect: Aspect, target: Path) -> Path:
    """The ad's frames as they went to the encoder, drawn once more."""
    with target.open("wb") as raw:
        for scene in range(1, 5):
            for planes in footage.frames_of(made.renderer(scene, aspect)):
                raw.write(planes.data)
    return target


def check_memory(report: Report, made: Made) -> None:
    gib = made.peak_bytes / 2**30
    report.tell("memory_gib", made, round(gib, 2), 1.5, gib <= 1.5)


def style_distances(shown: Mapping[StyleName, Frames]) -> Iterator[dict[str, object]]:
    """How far apart the styles look and move."""
    for one, other in itertools.combinations(shown, 2):
        histograms = []
        motions = []
        for style in (one, other):
            frames = shown[style][::15]
            histogram = cv2.calcHist(
                [np.vstack(frames)], [0, 1, 2], None, [8, 8, 8], [0, 256] * 3
            )
            histograms.append(histogram / histogram.sum())
            steps = np.abs(np.diff(shown[style].astype(np.int16), axis=0))
            motions.append(float(steps.mean()))
        apart = cv2.compareHist(*histograms, cv2.HISTCMP_BHATTACHARYYA)
        yield {
            "check": "styles_apart",
            "style": f"{one.value}/{other.value}",
            "value": {
                "histogram": round(apart, 3),
                "motion": [round(m, 2) for m in motions],
            },
            "limit": {"histogram": 0.4},
            "ok": bool(apart >= 0.4),
        }


def measure(report: Report, made: Made) -> None:
    check_stems(report, made)
    check_captions(report, made)
    for aspect in made.params.aspect:
        check_file(report, made, aspect)
        check_sound(report, made, aspect)
        check_safe_area(report, made, aspect)
        check_product(report, made, aspect)
        check_contrast(report, made, aspect)
        frames = small_frames(made.output("video", ".mp4", aspect), aspect)
        check_motion(report, made, aspect, frames)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a style's own process hands back."""

    style: StyleName
    aspect: Aspect
    video: Path
    checks: int
    failed: Sequence[str]


def judge(params: AdParams, folder: Path, picture: Path, only: str) -> Outcome:
    """Make one ad and measure it; runs in a process that makes no other."""
    django.setup()
    report = Report()
    made = make(params, folder, picture)
    check_memory(report, made)
    if only != "pictures":
        check_speed(report, made)
    if only != "time":
        measure(report, made)
    first = params.aspect[0]
    return Outcome(
        style=params.style,
        aspect=first,
        video=made.output("video", ".mp4", first),
        checks=report.count,
        failed=report.failed,
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--styles", default=",".join(StyleName))
    parser.add_argument("--aspects", default="16:9")
    parser.add_argument("--duration", type=int, default=30)
    parser.add_argument("--picture", type=Path)
    parser.add_argument("--only", choices=["all", "time", "pictures"], default="all")
    parser.add_argument("--json", action="store_true", help="It always is.")
    parser.add_argument("--keep", type=Path, help="Leave the files in this folder.")
    asked = parser.parse_args()
    django.setup()
    with tempfile.TemporaryDirectory() as scratch:
        folder = asked.keep or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        picture = asked.picture or draw_sample(folder)[0]
        outcomes: list[Outcome] = []
        for style in map(StyleName, asked.styles.split(",")):
            params = AdParams(
                product_name="Morning Cup",
                style=style,
                duration=asked.duration,
                aspect=asked.aspects,
                features=["Hand-glazed stoneware", "Holds 300 ml"],
                cta_text=style_of(style).default_cta,
            )
            outcomes.append(alone(params, folder / style.value, picture, asked.only))
        return sum_up(outcomes)


def alone(params: AdParams, folder: Path, picture: Path, only: str) -> Outcome:
    spawned = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(max_workers=1, mp_context=spawned) as pool:
        return pool.submit(judge, params, folder, picture, only).result()


def sum_up(outcomes: Sequence[Outcome]) -> int:
    shown = {o.style: small_frames(o.video, o.aspect) for o in outcomes}
    for line in style_distances(shown):
        print(json.dumps(line), flush=True)
    failed = [name for outcome in outcomes for name in outcome.failed]
    checks = sum(outcome.checks for outcome in outcomes)
    print(json.dumps({"check": "summary", "checks": checks, "failed": failed}))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
