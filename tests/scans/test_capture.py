"""Footage that cannot make a scan is refused early, with its own reason."""

from dataclasses import replace
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from pydantic import BaseModel

from jobs.pipeline import Kind
from jobs.toolbox.images import save_png
from jobs.toolbox.meshes.rendering import write_mp4
from jobs.workbench import StepFile
from scans import sample, stages
from scans.engines.photogrammetry import engine, frames, masks
from scans.engines.photogrammetry.budgets import PREVIEW, budget_for
from scans.errors import (
    FormatUnavailableError,
    NoMovementError,
    ScanError,
    TooBlurredError,
    TooDarkError,
    TooLittleTextureError,
    TooShortError,
)
from scans.facts import PublishedFacts, SourceFacts
from scans.params import FileFormat, Quality, ScanParams
from scans.pipeline import SCAN
from tests.benches import make_bench

Frames = list[NDArray[np.uint8]]
HEIGHT, WIDTH = 240, 320


def _pattern(seed: int = 0, wide: int = WIDTH * 2) -> NDArray[np.float32]:
    """Blots of many sizes, wider than a picture."""
    random = np.random.default_rng(seed)
    picture = np.full((HEIGHT, wide), 128, np.float32)
    for cell, strength in ((40, 25), (14, 25), (6, 25), (3, 15)):
        blots = random.normal(0, 1, (HEIGHT // cell + 2, wide // cell + 2))
        grown = cv2.resize(blots, (wide, HEIGHT), interpolation=cv2.INTER_CUBIC)
        picture += strength * grown.astype(np.float32)
    return picture


def _panned(
    scale: float = 1.0, blur_px: float = 0.0, steps: int = 24, by_px: int = 5
) -> Frames:
    pattern = _pattern()
    if blur_px:
        pattern = np.asarray(cv2.GaussianBlur(pattern, (0, 0), blur_px), np.uint8)
    random = np.random.default_rng(5)
    shown = []
    for step in range(steps):
        view = pattern[:, step * by_px : step * by_px + WIDTH] * scale
        noisy = view + random.normal(0, 1.0, view.shape)
        shown.append(
            np.clip(noisy, 0, 255).astype(np.uint8)[..., None].repeat(3, axis=2)
        )
    return shown


def _capture(tmp_path: Path, shown: Frames, **params: object) -> None:
    video = write_mp4(shown, tmp_path / "video.mp4", frames_per_second=12)
    bench = make_bench(
        ScanParams.model_validate(params), tmp_path / "bench", inputs=[video],
        kind=Kind.VIDEO, facts={"source": SourceFacts(video=True)},
    )  # fmt: skip
    stages.capture(bench)


@pytest.mark.parametrize(
    ("shown", "error"),
    [
        (_panned(steps=5), TooShortError),
        (_panned(scale=0.08), TooDarkError),
        (_panned(blur_px=7), TooBlurredError),
        (_panned(by_px=0), NoMovementError),
        ([np.full((HEIGHT, WIDTH, 3), 120, np.uint8)] * 24, TooLittleTextureError),
    ],
)
def test_footage_that_cannot_work_is_refused(
    tmp_path: Path, shown: Frames, error: type[ScanError]
) -> None:
    with pytest.raises(error) as caught:
        _capture(tmp_path, shown)

    # Each says what to do instead.
    assert len(caught.value.detail.split(". ")) >= 2
    assert caught.value.retryable is False


def test_fbx_is_refused_with_its_reason(tmp_path: Path) -> None:
    with pytest.raises(FormatUnavailableError, match="closed format"):
        _capture(tmp_path, _panned(), fileFormat="fbx")


def test_few_photos_are_refused(tmp_path: Path) -> None:
    photos = [
        save_png(tmp_path / f"{n}.png", picture)
        for n, picture in enumerate(_panned(steps=4))
    ]
    bench = make_bench(
        ScanParams(), tmp_path / "bench", inputs=photos,
        facts={"source": SourceFacts(video=False, pictures=4)},
    )  # fmt: skip

    with pytest.raises(TooShortError, match="only 4 pictures"):
        stages.capture(bench)


def test_photos_all_taken_from_one_place_are_refused(tmp_path: Path) -> None:
    photos = [
        save_png(tmp_path / f"{n}.png", picture)
        for n, picture in enumerate(_panned(steps=9, by_px=0))
    ]
    bench = make_bench(
        ScanParams(), tmp_path / "bench", inputs=photos,
        facts={"source": SourceFacts(video=False, pictures=9)},
    )  # fmt: skip

    with pytest.raises(NoMovementError, match="Walk once around"):
        stages.capture(bench)


def test_a_long_dark_video_is_refused_by_its_key_frames(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    video = tmp_path / "video.mp4"
    with av.open(str(video), "w") as container:
        stream = container.add_stream("libx264", rate=12, options={"g": "3"})
        stream.width, stream.height = WIDTH, HEIGHT
        for picture in _panned(steps=36, scale=0.08):
            frame = av.VideoFrame.from_ndarray(picture, "rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    # Nothing but a glance is needed: the whole is never looked through.
    monkeypatch.delattr(frames, "survey_video")

    with pytest.raises(TooDarkError):
        engine.capture_video(video, tmp_path, budget_for(0, preview=False), _mute)


def _mute(done: float, doing: str) -> None:
    """Nobody watches."""


def test_pictures_are_spread_evenly_over_the_movement(tmp_path: Path) -> None:
    # The camera rests in the middle: many frames, one view.
    shown = _panned(steps=40)
    shown = [*shown[:20], *[shown[20]] * 30, *shown[20:]]
    video = write_mp4(shown, tmp_path / "video.mp4", frames_per_second=12)

    choice = frames.choose(frames.survey_video(video, lambda done: None), 8)

    resting = [sight for sight in choice.chosen if 22 <= sight.index < 48]
    assert 6 <= len(choice.chosen) <= 8
    assert len(resting) <= 2


def test_a_turning_thing_before_a_still_background_is_masked(tmp_path: Path) -> None:
    backdrop, thing = _pattern(1)[:, :WIDTH], _pattern(2, wide=WIDTH * 3)
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    inside = (rows - 120) ** 2 + (columns - 160) ** 2 < 60**2
    shown = []
    for step in range(30):
        picture = backdrop.copy()
        picture[inside] = thing[:, step * 7 : step * 7 + WIDTH][inside]
        shown.append(np.clip(picture, 0, 255).astype(np.uint8)[..., None].repeat(3, 2))
    video = write_mp4(shown, tmp_path / "video.mp4", frames_per_second=12)
    survey = frames.survey_video(video, lambda done: None)

    still = masks.find_still_background(survey.glimpses)

    assert still is not None
    mask = masks.mask_turning(still, shown[3]) > 127
    assert (mask & inside).sum() / (mask | inside).sum() > 0.8


def test_a_walk_around_has_no_still_background(tmp_path: Path) -> None:
    video = write_mp4(
        _panned(steps=40, by_px=7), tmp_path / "video.mp4", frames_per_second=12
    )
    survey = frames.survey_video(video, lambda done: None)

    assert masks.find_still_background(survey.glimpses) is None


def test_quality_sets_real_budgets() -> None:
    high, medium, low, ultra = (budget_for(n, preview=False) for n in range(4))

    for field in ("frames", "stereo_px", "triangles", "texture_px"):
        spent = [getattr(budget, field) for budget in (low, medium, high, ultra)]
        assert spent == sorted(spent)
    assert budget_for(3, preview=True) == PREVIEW


@pytest.mark.slow
def test_the_sample_becomes_a_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # All steps for real, on a film and to a fineness that take seconds.
    rough = replace(PREVIEW, frames=18, stereo_px=200, poisson_depth=6, triangles=4000)
    monkeypatch.setattr(stages, "budget_of", lambda params: rough)
    [video] = sample.walk_around(tmp_path, pictures=32, size_px=(320, 240))
    params = ScanParams(quality=Quality.PREVIEW, fileFormat=FileFormat.OBJ)
    files: dict[str, list[StepFile]] = {}
    facts: dict[str, BaseModel] = {}
    for step in SCAN.steps:
        bench = make_bench(
            params, tmp_path / step.name, inputs=[video], kind=Kind.VIDEO, files=files,
            facts=facts,
        )  # fmt: skip
        result = step.run(bench)
        if result.facts:
            facts[step.name] = result.facts
        files[step.name] = [
            StepFile(path=f.path, role=f.role, filename=f.name) for f in result.files
        ]

    told = facts["publish"]
    assert isinstance(told, PublishedFacts)
    assert told.usdz_faults == []
    assert told.views["registered"] >= 15
    assert {
        "model_usdz",
        "model_glb",
        "model_obj",
        "turntable",
        "thumbnail",
        "report",
    } <= {file.role for file in files["publish"]}
    assert facts["mesh"].model_dump()["watertight"]
    # The vase's own proportions: 0.30 m high, two thirds as wide.
    width, height, depth = told.size_m
    assert height == pytest.approx(0.3)
    assert [width, depth] == pytest.approx([0.2, 0.2], abs=0.02)
