"""One ad, made stage by stage in this process, with what that took."""

import os
import re
import resource
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from ads import stages
from ads.engines.stage.scene import SceneRenderer
from ads.params import AdParams
from ads.script import ScriptFacts
from ads.styles import Aspect
from ads.timing import Span, spans_of
from jobs.pipeline import StageResult
from jobs.workbench import StepFile, Workbench
from tests.benches import make_bench


@dataclass
class Made:
    """One ad: its stages' files and facts, and how long they took."""

    params: AdParams
    folder: Path
    picture: Path
    files: dict[str, list[StepFile]] = field(default_factory=dict)
    facts: dict[str, list[BaseModel]] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    cpu_seconds: dict[str, float] = field(default_factory=dict)
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
        self.cpu_seconds[name] = cpu_seconds() - busy

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


def make(params: AdParams, folder: Path, picture: Path) -> Made:
    made = Made(params=params, folder=folder, picture=picture)
    with watched_memory() as peak:
        made.step("script_gen", stages.write_script, [None])
        made.step("voice_gen", stages.speak_scene, range(4))
        made.step("video_gen", stages.film_scene, range(4))
        made.step("compositing", stages.compose_ad, [None])
    made.peak_bytes = peak[0]
    return made


def cpu_seconds() -> float:
    """What this process and its ended children have computed."""
    spent = os.times()
    return spent.user + spent.system + spent.children_user + spent.children_system


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
