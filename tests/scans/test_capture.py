"""Footage that cannot make a scan is refused early, with its own reason."""

import json
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
    MixedPhotosError,
    NoMovementError,
    ScanError,
    TooBlurredError,
    TooDarkError,
    TooLittleTextureError,
    TooShortError,
)
from scans.facts import CaptureFacts, PublishedFacts, SourceFacts, TextureFacts
from scans.params import FileFormat, Quality, ScanParams
from scans.pipeline import SCAN
from scans.stages import Bench
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


def _turned(
    folder: Path, outlines: list[NDArray[np.bool_]]
) -> tuple[Frames, masks.StillBackground | None]:
    """A film of a thing with these outlines, its pattern turning by, and what stays."""
    backdrop, thing = _pattern(1)[:, :WIDTH], _pattern(2, wide=WIDTH * 3)
    shown = []
    for step, inside in enumerate(outlines):
        picture = backdrop.copy()
        picture[inside] = thing[:, step * 7 : step * 7 + WIDTH][inside]
        shown.append(np.clip(picture, 0, 255).astype(np.uint8)[..., None].repeat(3, 2))
    video = write_mp4(shown, folder / "video.mp4", frames_per_second=12)
    survey = frames.survey_video(video, lambda done: None)
    return shown, masks.find_still_background(survey.glimpses)


def test_a_turning_thing_before_a_still_background_is_masked(tmp_path: Path) -> None:
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    inside = (rows - 120) ** 2 + (columns - 160) ** 2 < 60**2
    shown, still = _turned(tmp_path, [inside] * 30)

    assert still is not None
    mask = masks.mask_turning(still, shown[3]) > 127
    assert (mask & inside).sum() / (mask | inside).sum() > 0.8


def test_what_passes_each_spot_but_seldom_belongs_to_the_thing(tmp_path: Path) -> None:
    # A disc, and under it one thin leg that swings to and fro before the background.
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    disc = (rows - 90) ** 2 + (columns - 160) ** 2 < 50**2
    at = 160 + 48 * np.cos(2 * np.pi * np.arange(36) / 36)
    upright = (rows > 110) & (rows < 190)
    legs = [(np.abs(columns - x) < 5) & upright for x in at]
    shown, still = _turned(tmp_path, [disc | leg for leg in legs])

    assert still is not None
    found = []
    for step in range(0, 36, 5):
        mask = masks.mask_turning(still, shown[step]) > 127
        found.append(mask[legs[step] & ~disc].mean())
        assert (mask & (disc | legs[step])).sum() / mask.sum() > 0.8
    assert np.mean(found) > 0.85


def test_a_walk_around_has_no_still_background(tmp_path: Path) -> None:
    video = write_mp4(
        _panned(steps=40, by_px=7), tmp_path / "video.mp4", frames_per_second=12
    )
    survey = frames.survey_video(video, lambda done: None)

    assert masks.find_still_background(survey.glimpses) is None


def test_quality_sets_real_budgets() -> None:
    high, medium, low, ultra = (budget_for(n, preview=False) for n in range(4))

    for field in ("frames", "pose_px", "stereo_px", "triangles"):
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
    [path] = [file.path for file in files["publish"] if file.role == "report"]
    report = json.loads(path.read_text())
    assert report["left_out"]["not_placed"] == 18 - report["views"]["registered"]
    assert 0 < report["reprojection_px"] < 1.5
    assert 0.5 < report["coverage"] <= 1
    assert report["texture_px"] >= 512
    assert 1000 < report["triangles"] <= 4000
    assert set(report["seconds"]) == {
        "capture", "poses", "depth", "mesh", "texture", "publish",
    }  # fmt: skip
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


def _photo_bench(tmp_path: Path, photos: list[Path]) -> Bench:
    return make_bench(
        ScanParams(), tmp_path / "bench", inputs=photos,
        facts={"source": SourceFacts(video=False, pictures=len(photos))},
    )  # fmt: skip


def test_photos_held_upright_are_turned_and_useless_ones_counted(
    tmp_path: Path,
) -> None:
    pictures = _panned(steps=11, by_px=20)
    pictures[2] = np.rot90(pictures[2]).copy()
    pictures[4] //= 16
    pictures[6] = np.asarray(cv2.GaussianBlur(pictures[6], (0, 0), 9), np.uint8)
    pictures[8] = pictures[8][:, : WIDTH // 2].copy()
    photos = [
        save_png(tmp_path / f"{n:02d}.png", one) for n, one in enumerate(pictures)
    ]
    bench = _photo_bench(tmp_path, photos)

    facts = stages.capture(bench).facts

    assert isinstance(facts, CaptureFacts)
    assert (facts.selected, facts.looked_at) == (8, 11)
    left = facts.left_out
    assert (left.too_dark, left.too_blurred, left.other_shape) == (1, 1, 1)


def test_photos_of_many_shapes_are_refused_for_that(tmp_path: Path) -> None:
    photos = [
        save_png(tmp_path / f"{n}.png", one[:, : WIDTH - 30 * n].copy())
        for n, one in enumerate(_panned(steps=9, by_px=20))
    ]

    with pytest.raises(MixedPhotosError, match="do not crop"):
        stages.capture(_photo_bench(tmp_path, photos))


def test_blurred_and_dark_frames_are_left_out_and_counted(tmp_path: Path) -> None:
    shown = _panned(steps=40)
    for index in (10, 11, 25):
        shown[index] = np.asarray(cv2.GaussianBlur(shown[index], (0, 0), 6), np.uint8)
    for index in (17, 31):
        shown[index] = shown[index] // 16
    video = write_mp4(shown, tmp_path / "video.mp4", frames_per_second=12)

    choice = frames.choose(frames.survey_video(video, _nobody), 12)

    assert (choice.too_blurred, choice.too_dark) == (3, 2)
    assert not {10, 11, 25, 17, 31} & {sight.index for sight in choice.chosen}


def _nobody(done: float) -> None:
    """Nobody watches."""


@pytest.mark.parametrize(
    ("params", "side_px"),
    [
        ({"textureQuality": 0}, 4096),
        ({"textureQuality": 1}, 2048),
        ({"textureQuality": 2}, 1024),
        ({"textureQuality": 3, "modelQuality": 2}, 8192),
        ({"textureQuality": 0, "quality": "preview"}, 1024),
    ],
)
def test_texture_quality_sets_the_texture_alone(
    params: dict[str, object], side_px: int
) -> None:
    assert stages.texture_side_of(ScanParams.model_validate(params)) == side_px


def test_a_kind_of_scan_that_only_kiri_makes_is_said_not_to_be_one() -> None:
    seen = TextureFacts(texture_px=512, coverage=0.9, seconds=0)
    notes = stages.notes_of(ScanParams.model_validate({"scanType": "3dgs"}), seen)

    assert "only KIRI makes" in notes[0]
    assert stages.notes_of(ScanParams(), seen) == []


def test_a_surface_that_was_seldom_seen_is_said_to_be_guessed() -> None:
    seen = TextureFacts(texture_px=512, coverage=0.6, seconds=0)

    assert "Only 60% of the surface was seen" in stages.notes_of(ScanParams(), seen)[0]


def test_a_camera_that_turns_on_the_spot_is_told_to_walk(tmp_path: Path) -> None:
    pictures = engine.Pictures(folder=tmp_path / "pictures")
    pictures.images.mkdir(parents=True)
    pattern = _pattern(3, wide=WIDTH * 3)
    around = np.clip(np.concatenate([pattern, pattern[::-1]]), 0, 255).astype(np.uint8)
    lens = np.array([[300.0, 0, WIDTH / 2], [0, 300, HEIGHT / 2], [0, 0, 1]])
    middle = np.array([[1.0, 0, -WIDTH], [0, 1, -HEIGHT / 2], [0, 0, 1]])
    for number, turn in enumerate(np.radians(np.linspace(-16, 16, 10))):
        turned, _ = cv2.Rodrigues(np.array([0.01 * number, turn, 0]))
        seen = lens @ turned @ np.linalg.inv(lens) @ middle
        picture = cv2.warpPerspective(around, seen, (WIDTH, HEIGHT))
        cv2.imwrite(str(pictures.images / f"{number:06d}.png"), picture)

    with pytest.raises(NoMovementError, match="panning on the spot is not enough"):
        engine.place_cameras(pictures, tmp_path, ordered=True, tell=_mute)


def test_a_thick_things_outline_gives_no_marks_and_a_thin_thing_keeps_its_own() -> None:
    thick, thin = np.zeros((2, 240, 320), np.uint8)
    thick[60:180, 80:240] = 255
    thin[60:180, 100:112] = 255

    inner = masks.without_outline(thick)

    assert inner[120, 160] == 255
    assert inner[120, 82] == 0
    assert (masks.without_outline(thin) == thin).all()
