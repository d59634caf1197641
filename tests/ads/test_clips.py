from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from ads import stages
from ads.engines.clips import ClipOrder
from ads.errors import ClipFailedError
from ads.params import AdParams
from ads.styles import StyleName
from jobs.errors import VendorOutcomeUnknownError
from jobs.pipeline import StageResult, Wait
from jobs.toolbox import ffmpeg
from jobs.workbench import StepFile, Workbench
from tests.benches import ListRecorder, make_bench
from tests.vendors.replicate import ReplicateBooks, replicate_emulator

PARAMS = AdParams(
    product_name="Aurora", style=StyleName.MINIMAL, duration=6, captions=False
)


@pytest.fixture
def vendor(settings: Any, tmp_path: Path) -> Iterator[ReplicateBooks]:
    """Replicate with a model that makes blue films."""
    film = tmp_path / "made.mp4"
    blue = ["-f", "lavfi", "-i", "color=0x1040c0:s=320x180:d=0.4:r=24"]
    ffmpeg.run([*blue, "-c:v", "libx264", "-pix_fmt", "yuv420p", film])
    with replicate_emulator() as books:
        books.result = film.read_bytes()
        settings.REPLICATE_API_KEY = "key"
        settings.REPLICATE_BASE_URL = books.url
        yield books


@pytest.fixture
def bench(tmp_path: Path, product: Path, small_pictures: None) -> Workbench[AdParams]:
    """Where the second scene is filmed."""
    written = stages.write_script(
        make_bench(PARAMS, tmp_path / "script", inputs=[product])
    )
    assert written.facts is not None
    files = [StepFile(path=f.path, role=f.role, filename=f.name) for f in written.files]
    return make_bench(
        PARAMS,
        tmp_path / "film",
        files={"script_gen": files},
        facts={"script_gen": written.facts, "voice_gen": []},
        engine="replicate",
        part=1,
        part_label="2",
        parts=4,
    )


def resumed(bench: Workbench[AdParams], wait: Wait) -> Workbench[AdParams]:
    assert wait.checkpoint is not None
    return replace(bench, stored_checkpoint=wait.checkpoint.model_dump_json())


def recorder_of(bench: Workbench[AdParams]) -> ListRecorder:
    assert isinstance(bench.recorder, ListRecorder)
    return bench.recorder


def test_a_hired_backdrop_stands_behind_the_products_own_pixels(
    vendor: ReplicateBooks, bench: Workbench[AdParams]
) -> None:
    wait = stages.film_scene(bench)
    assert isinstance(wait, Wait)

    made = stages.film_scene(resumed(bench, wait))

    assert isinstance(made, StageResult)
    assert len(vendor.predictions) == 1
    # What was sent is the empty stage: there is nothing on it to be redrawn.
    sent = cv2.imdecode(picture_in(vendor.files["file1"]), cv2.IMREAD_COLOR)
    assert sent.shape == (180, 320, 3)
    assert teal_share(sent) < 0.002
    middle = frame_of(made.files[0].path, 12)
    assert middle[5, 5, 0] > 150 > 90 > middle[5, 5, 2]  # blue, in BGR
    assert teal_share(middle) > 0.02
    assert recorder_of(bench).spent["clip of scene 2"] > 0


def picture_in(form: bytes) -> np.ndarray:
    start = form.index(b"\x89PNG")
    return np.frombuffer(form[start : form.index(b"IEND") + 8], np.uint8)


def frame_of(film: Path, number: int) -> np.ndarray:
    frames = cv2.VideoCapture(str(film))
    frames.set(cv2.CAP_PROP_POS_FRAMES, number)
    read, frame = frames.read()
    assert read
    return frame


def teal_share(picture: np.ndarray) -> float:
    """How much of a picture has the bottle's own colour."""
    away = np.abs(picture.astype(int) - (112, 110, 20)).max(axis=2)
    return float((away < 24).mean())


def test_a_clip_that_fails_is_bought_anew_and_counted(
    vendor: ReplicateBooks, bench: Workbench[AdParams]
) -> None:
    vendor.end_status, vendor.error = "failed", "out of memory"
    wait = stages.film_scene(bench)
    assert isinstance(wait, Wait)

    with pytest.raises(ClipFailedError, match="scene 2: out of memory"):
        stages.film_scene(resumed(bench, wait))

    kept = recorder_of(bench).checkpoints[-1]
    assert kept == ClipOrder(failures=1)
    again = replace(bench, stored_checkpoint=kept.model_dump_json())
    assert isinstance(stages.film_scene(again), Wait)
    assert list(recorder_of(bench).bought) == [
        "clip of scene 2",
        "clip of scene 2, try 2",
    ]


def test_a_clip_whose_order_was_lost_is_not_ordered_again(
    vendor: ReplicateBooks, bench: Workbench[AdParams]
) -> None:
    vendor.hang_up_on_create = True

    with pytest.raises(VendorOutcomeUnknownError):
        stages.film_scene(bench)

    assert len(vendor.predictions) == 1


def test_cancelling_stops_the_clip_at_the_vendor(
    vendor: ReplicateBooks, bench: Workbench[AdParams]
) -> None:
    wait = stages.film_scene(bench)
    assert isinstance(wait, Wait)

    stages.cancel_scene(resumed(bench, wait))

    assert vendor.cancelled == [*vendor.predictions]


def test_the_end_card_is_a_still_and_buys_nothing(
    vendor: ReplicateBooks, bench: Workbench[AdParams]
) -> None:
    last = replace(bench, part=3, part_label="4")

    assert isinstance(stages.film_scene(last), StageResult)

    assert not vendor.predictions
