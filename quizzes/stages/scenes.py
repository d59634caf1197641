"""From pictures to scenes, with a still of each, and chapters."""

import json
import re
from collections.abc import Sequence
from pathlib import Path

from jobs.pipeline import OutputFile, StageResult, Workbench
from jobs.toolbox import captions, ffmpeg, frames
from jobs.toolbox.captions import Cue
from jobs.toolbox.probing import probe
from quizzes.content import Change, Scene, Transcript, clock
from quizzes.engines.pictures import save_jpeg
from quizzes.engines.scenes.detect import Found, find_changes
from quizzes.engines.writing.terms import key_terms
from quizzes.errors import NoPictureError
from quizzes.facts import SceneFacts
from quizzes.params import SceneParams

THUMBNAIL_PX = 480
# A chapter list is to be read: scenes shorter than this share one.
_SHORTEST_CHAPTER_S = 15.0
_MOST_CHAPTERS = 40
# A still is taken where the scene has settled.
_SETTLED_S = 1.0


def find_scenes(bench: Workbench[SceneParams]) -> StageResult:
    """Where scenes begin, how, and what each looks like."""
    video = bench.input_paths()[0]
    facts = probe(video)
    if facts.video is None:
        raise NoPictureError
    bench.report(0.0, "Looking for changes")
    found = find_changes(
        video,
        duration_s=facts.duration_s,
        fps=facts.video.fps or 30.0,
        detector=bench.params.detector,
        shortest_s=bench.params.min_scene_seconds,
        on_progress=bench.reporter(0.0, 0.8),
    )
    transcript = _transcript_of(bench)
    scenes = _titled(scenes_of(found, facts.duration_s), transcript)
    bench.report(0.8, "Taking a still of each scene")
    stills = _stills(video, scenes, bench)
    table = bench.workdir / "scenes.json"
    scenes = [
        scene.model_copy(update={"thumbnail": still.name})
        for scene, still in zip(scenes, stills, strict=True)
    ]
    table.write_text(
        json.dumps([scene.model_dump(mode="json") for scene in scenes], indent=1)
    )
    return StageResult(
        files=[
            OutputFile(path=table, role="scenes"),
            *(OutputFile(path=still, role="scene_thumbnail") for still in stills),
        ],
        facts=SceneFacts(screencast=found.screencast, scenes=tuple(scenes)),
        note=f"{len(scenes)} {'slides' if found.screencast else 'scenes'}",
    )


def scenes_of(found: Found, duration_s: float) -> list[Scene]:
    """The stretches between marks; slides that come back know where they were first."""
    starts = [0.0, *(mark.time_s for mark in found.marks)]
    ends = [*starts[1:], duration_s]
    slides = [0, *(mark.slide for mark in found.marks)]
    kinds = [Change.START, *(mark.change for mark in found.marks)]
    first: dict[int, int] = {}
    scenes: list[Scene] = []
    for index, (start, end) in enumerate(zip(starts, ends, strict=True)):
        slide = slides[index]
        shown_first = first.setdefault(slide, index) if slide is not None else index
        returns = found.screencast and shown_first != index
        scenes.append(
            Scene(
                index=index,
                start=round(start, 3),
                end=round(end, 3),
                begins_with=kinds[index],
                same_as=shown_first if returns else None,
            )
        )
    return scenes


def _transcript_of(bench: Workbench[SceneParams]) -> Transcript | None:
    told = [text for text in bench.known.get("transcript", ()) if text]
    return Transcript.model_validate_json(told[0]) if told else None


def _titled(scenes: Sequence[Scene], transcript: Transcript | None) -> list[Scene]:
    """Named by the weightiest terms said in it, as far as anything is said."""
    if transcript is None or not transcript.segments:
        return list(scenes)
    terms = key_terms([segment.text for segment in transcript.segments])
    titled: list[Scene] = []
    for scene in scenes:
        said = " ".join(
            segment.text
            for segment in transcript.segments
            if scene.start <= (segment.start + segment.end) / 2 < scene.end
        )
        held = [
            t
            for t in terms[:40]
            if re.search(rf"\b{re.escape(t.text)}", said, re.IGNORECASE)
        ]
        names = [t.text for t in held if t.count <= max(3, len(scenes))][:2]
        title = ", ".join(names)
        titled.append(scene.model_copy(update={"title": title[:1].upper() + title[1:]}))
    return titled


def _stills(
    video: Path, scenes: Sequence[Scene], bench: Workbench[SceneParams]
) -> list[Path]:
    paths: list[Path] = []
    for scene in scenes:
        length = scene.end - scene.start
        # Late in a slide all its bullets are there; a film's scene is shown early.
        slide = scene.begins_with is Change.SLIDE
        moment = (
            scene.end - min(_SETTLED_S, length / 3)
            if slide
            else (scene.start + min(_SETTLED_S, length / 2))
        )
        path = bench.workdir / f"scene-{scene.index + 1:03}.jpg"
        save_jpeg(frames.at(video, moment, longest_px=THUMBNAIL_PX), path, quality=80)
        paths.append(path)
        bench.report(0.8 + 0.2 * (scene.index + 1) / len(scenes))
    return paths


def write_chapters(bench: Workbench[SceneParams]) -> StageResult:
    """Chapters as WebVTT, and inside an MP4 that is otherwise as it was."""
    facts = bench.facts("scenes", SceneFacts)
    chapters = chapters_of(facts.scenes)
    table = bench.workdir / "chapters.vtt"
    table.write_text(chapters_vtt(chapters), encoding="utf-8")
    files = [OutputFile(path=table, role="chapters")]
    proxies = bench.files("proxy", "proxy") if "proxy" in bench.known else []
    source = proxies[0].path if proxies else bench.input_paths()[0]
    if probe(source).container.startswith("mov"):
        target = bench.workdir / "with-chapters.mp4"
        _embed(source, chapters, target, bench)
        files.append(OutputFile(path=target, role="chapters_video"))
    return StageResult(files=files, note=f"{len(chapters)} chapters")


def chapters_of(scenes: Sequence[Scene]) -> list[Scene]:
    """Scenes long enough to be found in a list; short ones join the one before."""
    if not scenes:
        return []
    least = max(_SHORTEST_CHAPTER_S, scenes[-1].end / _MOST_CHAPTERS)
    # A short lesson may have short chapters.
    least = min(least, scenes[-1].end / 6)
    chapters: list[Scene] = []
    for scene in scenes:
        if chapters and chapters[-1].end - chapters[-1].start < least:
            last = chapters.pop()
            title = last.title or scene.title
            chapters.append(last.model_copy(update={"end": scene.end, "title": title}))
        else:
            chapters.append(scene)
    return [
        chapter.model_copy(update={"index": number})
        for number, chapter in enumerate(chapters)
    ]


def chapter_title(chapter: Scene) -> str:
    return chapter.title or f"Part {chapter.index + 1} ({clock(chapter.start)})"


def chapters_vtt(chapters: Sequence[Scene]) -> str:
    return captions.to_vtt(
        [Cue(start_s=c.start, end_s=c.end, lines=(chapter_title(c),)) for c in chapters]
    )


def _embed(
    source: Path, chapters: Sequence[Scene], target: Path, bench: Workbench[SceneParams]
) -> None:
    lines = [";FFMETADATA1"]
    for chapter in chapters:
        title = re.sub(r"([=;#\\\n])", r"\\\1", chapter_title(chapter))
        lines += ["[CHAPTER]", "TIMEBASE=1/1000", f"START={int(chapter.start * 1000)}"]
        lines += [f"END={int(chapter.end * 1000)}", f"title={title}"]
    table = bench.workdir / "chapters.ffmeta"
    table.write_text("\n".join(lines) + "\n", encoding="utf-8")
    ffmpeg.run(
        [
            *("-i", source, "-f", "ffmetadata", "-i", table),
            *(
                "-map",
                "0:V?",
                "-map",
                "0:a?",
                "-map_metadata",
                "0",
                "-map_chapters",
                "1",
            ),
            *("-c", "copy", "-movflags", "+faststart", target),
        ]
    )
