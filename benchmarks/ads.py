"""Makes ads and measures them as a viewer's player would: one JSON object a line.

    python -m benchmarks.ads [--styles luxury,bold] [--aspects 16:9] [--duration 30]

Every line is `{"check", "style", "aspect", "value", "limit", "ok"}`; the last one sums up.
Each style is made in a process of its own, so that its memory is its own, too.
"""

import argparse
import json
import multiprocessing
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mediaforge.settings")

import av
import django

from ads.engines import footage
from ads.engines.sample import draw_sample
from ads.params import AdParams
from ads.styles import Aspect, StyleName, style_of
from ads.timing import FPS
from benchmarks.ads_made import Made, cpu_seconds, make
from benchmarks.ads_pictures import (
    check_captions_seen,
    check_contrast,
    check_motion,
    check_product,
    small_frames,
    style_distances,
)
from benchmarks.ads_report import Report
from benchmarks.ads_sound import check_captions, check_sound, check_stems
from jobs.toolbox import ffmpeg


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
                    *("-i", str(raw), "-an", *footage.H264.as_arguments()),
                    Path(folder) / "again.mp4",
                ]
            )
            bare += time.perf_counter() - started
            bare_cpu += cpu_seconds() - busy
    whole = sum(made.seconds.values())
    busy_s = sum(made.cpu_seconds.values())
    value = {
        "ratio": round(whole / bare, 2),
        "cpu_ratio": round(busy_s / bare_cpu, 2),
        "seconds": round(whole, 1),
        "cpu_s": round(busy_s, 1),
        "encoding_s": round(bare, 1),
        "encoding_cpu_s": round(bare_cpu, 1),
        "steps": {name: round(s, 1) for name, s in made.seconds.items()},
        "steps_cpu_s": {name: round(s, 1) for name, s in made.cpu_seconds.items()},
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


def measure(report: Report, made: Made) -> None:
    check_stems(report, made)
    check_captions(report, made)
    for aspect in made.params.aspect:
        check_file(report, made, aspect)
        check_sound(report, made, aspect)
        check_captions_seen(report, made, aspect)
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
    failed = [name for outcome in outcomes for name in outcome.failed]
    checks = sum(outcome.checks for outcome in outcomes)
    for line in style_distances(shown):
        print(json.dumps(line), flush=True)
        checks += 1
        failed += [] if line["ok"] else [f"styles_apart/{line['style']}"]
    print(json.dumps({"check": "summary", "checks": checks, "failed": failed}))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
