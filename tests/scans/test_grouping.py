"""Photos of one object from several sides make one model, all others one each."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from jobs.pipeline import StageResult
from jobs.toolbox.images import save_png
from jobs.workbench import Workbench
from scans import model_stages
from scans.engines import grouping
from scans.engines.photogrammetry import engine
from scans.facts import Method
from scans.model_stages import GroupFacts, ModelFacts
from scans.params import ModelParams
from tests.benches import ListRecorder, make_bench
from tests.scans.models import photo_of_a_disc

Pixels = NDArray[np.uint8]
SIDE_PX = 220


def _thing(seed: int) -> Pixels:
    random = np.random.default_rng(seed)
    squares = random.integers(0, 256, (30, 30, 3)).astype(np.uint8)
    return squares.repeat(10, axis=0).repeat(10, axis=1)


def _seen(thing: Pixels, turn: int) -> Pixels:
    """A look at a flat thing from another side: shifted, leaning, farther away."""
    shift, lean = 6.0 * turn, 9.0 * turn
    corners = np.array([[0, 0], [300, 0], [300, 300], [0, 300]], np.float32)
    placed = np.array(
        [
            [10 + shift, 10 + lean / 2],
            [200, 10],
            [200, 205],
            [10 + shift, 205 - lean / 2],
        ],
        np.float32,
    )
    warp = cv2.getPerspectiveTransform(corners, placed)
    return np.asarray(cv2.warpPerspective(thing, warp, (SIDE_PX, SIDE_PX)), np.uint8)


def _grouped(pictures: list[Pixels]) -> list[list[int]]:
    return grouping.group([(one, None) for one in pictures], lambda done: None)


def test_two_things_from_many_sides_are_told_from_each_other_and_from_the_rest() -> (
    None
):
    vase, mug = (_thing(seed) for seed in (1, 2))
    pictures = []
    for turn in range(grouping.FEWEST_TOGETHER):
        pictures += [_seen(vase, turn), _seen(mug, turn)]
    pictures.append(_thing(3)[:SIDE_PX, :SIDE_PX])

    groups = _grouped(pictures)

    assert groups == [[0, 2, 4, 6, 8, 10], [1, 3, 5, 7, 9, 11], [12]]


def test_a_few_looks_at_one_thing_stay_single() -> None:
    vase = _thing(1)

    assert _grouped([_seen(vase, turn) for turn in range(3)]) == [[0], [1], [2]]


def test_photos_with_nothing_to_recognise_stay_single() -> None:
    plain = np.full((SIDE_PX, SIDE_PX, 3), 180, np.uint8)

    assert _grouped([plain] * 7) == [[index] for index in range(7)]


def _bench(folder: Path, photos: list[Path]) -> Workbench[ModelParams]:
    facts = GroupFacts(groups=[list(range(len(photos)))], labels=["disc"])
    return make_bench(
        ModelParams(), folder / "bench", inputs=photos, part=0, facts={"group": facts}
    )


def test_a_group_that_makes_no_scan_becomes_a_model_of_one_photo_and_says_so(
    tmp_path: Path,
) -> None:
    photo = tmp_path / "disc.png"
    photo.write_bytes(photo_of_a_disc(96))
    # Seven times the same look at a thing with few marks.
    bench = _bench(tmp_path, [photo] * 7)

    result = model_stages.make_part(bench)

    assert isinstance(result, StageResult)
    told = result.facts
    assert isinstance(told, ModelFacts)
    assert told.method is Method.INFLATED
    assert len(told.photos) == 7
    assert "together they make no model. There is almost nothing" in told.notes[-1]
    assert isinstance(bench.recorder, ListRecorder)
    assert bench.recorder.logs[0][0] == "warning"


def test_a_group_is_scanned_from_all_its_sides(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    photos = [
        save_png(tmp_path / f"{turn}.png", _seen(_thing(1), turn)) for turn in range(6)
    ]
    asked: list[int] = []

    def solved(pictures: object, *args: object, **more: object) -> object:
        asked.append(len(list(tmp_path.rglob("images/*.png"))))
        raise StopHereError

    monkeypatch.setattr(engine, "place_cameras", solved)

    with pytest.raises(StopHereError):
        model_stages.make_part(_bench(tmp_path, photos))

    # Six are enough to begin with; eight are asked for of a scan.
    assert asked == [6]


class StopHereError(Exception):
    """What follows is tested with scans."""
