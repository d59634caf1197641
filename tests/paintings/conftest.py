"""Small photos and a way to run the painting's steps one after another."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from pydantic import BaseModel

from jobs.pipeline import OutputFile, StageResult, Wait
from jobs.toolbox.images import save_jpeg
from jobs.workbench import StepFile, Workbench
from paintings.params import Mode, PaintingParams
from paintings.pipeline import PAINTING
from paintings.scenery import Scene, compose
from tests.benches import make_bench


class Ran:
    """What each step of a run handed over."""

    def __init__(self) -> None:
        self.files: dict[str, list[StepFile]] = {}
        self.facts: dict[str, BaseModel] = {}
        self.outputs: dict[str, OutputFile] = {}
        self.notes: list[str] = []

    def path(self, filename: str) -> Path:
        return self.outputs[filename].path

    def sheets(self, step: str) -> list[Path]:
        """The sheets as one step left them, the hindmost first."""
        return sorted(f.path for f in self.files[step] if f.role == "sheet")


RunPainting = Callable[..., Ran]


@pytest.fixture(scope="session")
def scene() -> Scene:
    return compose("landscape", seed=3, width=300, height=200)


@pytest.fixture
def photo(scene: Scene, tmp_path: Path) -> Path:
    return save_jpeg(tmp_path / "hill.jpg", scene.photo, quality=95)


@pytest.fixture
def run(photo: Path, tmp_path: Path) -> RunPainting:
    """Run the local engines of every step up to the one named."""

    def run_steps(
        params: PaintingParams,
        *,
        upto: str = "previews",
        assets: Mapping[str, Path] | None = None,
    ) -> Ran:
        ran = Ran()
        for step in PAINTING.steps:
            if step.name != "paint" or params.mode == Mode.PAINTERLY:
                bench: Workbench[PaintingParams] = make_bench(
                    params,
                    tmp_path / f"run-{step.name}",
                    inputs=[photo],
                    files=ran.files,
                    facts=ran.facts,
                    assets=assets,
                )
                _keep(ran, step.name, step.run(bench))
            if step.name == upto:
                break
        return ran

    return run_steps


def _keep(ran: Ran, step: str, result: StageResult | Wait) -> None:
    assert isinstance(result, StageResult)
    ran.files[step] = [
        StepFile(path=f.path, role=f.role, filename=f.name) for f in result.files
    ]
    if result.facts is not None:
        ran.facts[step] = result.facts
    if result.note:
        ran.notes.append(result.note)
    ran.outputs |= {f.name: f for f in result.files if f.published}
