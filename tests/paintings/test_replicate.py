"""Replicate as an engine: bought once, waited for, refused, unknown, cancelled."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from jobs.errors import (
    VendorOutcomeUnknownError,
    VendorRefusedError,
    VendorUnavailableError,
)
from jobs.pipeline import StageResult, Wait
from jobs.vendors.replicate import PredictionStatus, Replicate
from paintings import stages
from paintings.engines.replicate import Ordered
from paintings.errors import PaintingRefusedError
from paintings.exports.sheets import read_rgba
from paintings.facts import DepthFacts, PaintFacts
from paintings.params import Mode, PaintingParams
from tests.benches import ListRecorder, make_bench
from tests.paintings.conftest import RunPainting
from tests.vendors.replicate import ReplicateBooks, replicate_emulator


@pytest.fixture
def books(settings: Any) -> Iterator[ReplicateBooks]:
    with replicate_emulator() as books:
        settings.REPLICATE_API_KEY = "r8_test"
        settings.REPLICATE_BASE_URL = books.url
        yield books


def test_a_prediction_is_started_looked_at_and_fetched(
    books: ReplicateBooks, tmp_path: Path
) -> None:
    client = Replicate.from_settings()

    started = client.start("black-forest-labs/flux-dev", {"prompt": "a hill"})
    first, second = client.look(started), client.look(started)
    path = client.download(second.urls[0], tmp_path / "painted.png")

    assert first.status == PredictionStatus.STARTING
    assert second.succeeded
    assert second.predict_seconds == 2.5
    assert path.stat().st_size > 50
    sent = books.predictions[started]
    assert sent["path"] == "/v1/models/black-forest-labs/flux-dev/predictions"
    assert books.keys_seen == {"Bearer r8_test"}


@pytest.mark.parametrize(
    ("status", "error", "words"),
    [
        (401, VendorRefusedError, "REPLICATE_API_KEY"),
        (402, VendorRefusedError, "no credit"),
        (422, VendorRefusedError, "prompt"),
        (429, VendorUnavailableError, "throttled"),
        (503, VendorUnavailableError, "busy"),
    ],
)
def test_what_the_service_refuses_becomes_ours(
    books: ReplicateBooks, status: int, error: type[Exception], words: str
) -> None:
    books.failures = [status]

    with pytest.raises(error, match=words):
        Replicate.from_settings().start("a/b", {})
    assert books.predictions == {}


def test_the_wait_that_a_429_asks_for_is_kept(books: ReplicateBooks) -> None:
    books.failures = [429]

    with pytest.raises(VendorUnavailableError) as caught:
        Replicate.from_settings().start("a/b", {})

    assert caught.value.retry_after is not None
    assert caught.value.retry_after.total_seconds() == 30


def test_a_lost_answer_to_an_order_is_unknown_not_failed(
    books: ReplicateBooks,
) -> None:
    books.hang_up_on_create = True

    with pytest.raises(VendorOutcomeUnknownError, match="before ordering it again"):
        Replicate.from_settings().start("a/b", {})


def test_an_answer_that_is_no_json_may_be_asked_for_again(
    books: ReplicateBooks,
) -> None:
    client = Replicate.from_settings()
    started = client.start("a/b", {})
    books.malformed = True

    with pytest.raises(VendorUnavailableError):
        client.look(started)


def test_an_aborted_prediction_is_an_end(books: ReplicateBooks) -> None:
    books.end_status, books.looks_before_end = "aborted", 0
    client = Replicate.from_settings()

    told = client.look(client.start("a/b", {}))

    assert told.ended
    assert not told.succeeded


def test_depth_is_bought_once_and_waited_for(
    books: ReplicateBooks, photo: Path, tmp_path: Path
) -> None:
    books.named_output = True
    params = PaintingParams()

    first = make_bench(params, tmp_path / "a", inputs=[photo], engine="replicate")
    waits = stages.tell_depth(first)
    assert isinstance(waits, Wait)
    again = make_bench(
        params,
        tmp_path / "b",
        inputs=[photo],
        engine="replicate",
        checkpoint=waits.checkpoint,
    )
    done = stages.tell_depth(again)

    assert isinstance(done, StageResult)
    assert isinstance(done.facts, DepthFacts)
    assert done.facts.engine == "replicate"
    assert len(books.predictions) == 1
    assert isinstance(again.recorder, ListRecorder)
    assert again.recorder.spent == {"depth": Decimal("0.003")}


def test_layers_are_painted_by_the_vendor_under_their_own_edges(
    books: ReplicateBooks, run: RunPainting, photo: Path, tmp_path: Path
) -> None:
    books.looks_before_end = 0
    params = PaintingParams(
        mode=Mode.PAINTERLY, num_layers=2, painterly_style="cubism", painterly_seed=5
    )
    ran = run(params, upto="layers")
    bench = make_bench(
        params,
        tmp_path / "vendor",
        inputs=[photo],
        files=ran.files,
        facts=ran.facts,
        engine="replicate",
    )

    result = stages.paint_layers(bench)

    assert isinstance(result, StageResult)
    assert isinstance(result.facts, PaintFacts)
    assert result.facts.engine == "replicate"
    sent = [p["input"] for p in books.predictions.values()]
    assert all("cubism" in each["prompt"] and each["seed"] == 5 for each in sent)
    before, after = (
        read_rgba(ran.sheets("layers")[1]),
        read_rgba(result.files[1].path),
    )
    assert (before[..., 3] == after[..., 3]).all()
    assert isinstance(bench.recorder, ListRecorder)
    assert sum(bench.recorder.spent.values()) == Decimal("0.05")


def test_no_strength_is_the_photo_and_nothing_is_bought(
    books: ReplicateBooks, run: RunPainting, photo: Path, tmp_path: Path
) -> None:
    params = PaintingParams(mode=Mode.PAINTERLY, num_layers=2, painterly_strength=0)
    ran = run(params, upto="layers")
    bench = make_bench(
        params, tmp_path / "vendor", inputs=[photo], files=ran.files, engine="replicate"
    )

    result = stages.paint_layers(bench)

    assert isinstance(result, StageResult)
    assert books.predictions == {}
    for before, after in zip(ran.sheets("layers"), result.files, strict=True):
        assert (read_rgba(before) == read_rgba(after.path)).all()


def test_a_failed_painting_says_why(
    books: ReplicateBooks, run: RunPainting, photo: Path, tmp_path: Path
) -> None:
    books.looks_before_end, books.end_status = 0, "failed"
    books.error = "NSFW content detected"
    params = PaintingParams(mode=Mode.PAINTERLY, num_layers=2)
    ran = run(params, upto="layers")
    bench = make_bench(
        params, tmp_path / "vendor", inputs=[photo], files=ran.files, engine="replicate"
    )

    with pytest.raises(PaintingRefusedError, match="NSFW"):
        stages.paint_layers(bench)


def test_cancelling_stops_what_was_ordered(
    books: ReplicateBooks, photo: Path, tmp_path: Path
) -> None:
    client = Replicate.from_settings()
    ids = [client.start("a/b", {}) for _ in range(2)]
    bench = make_bench(
        PaintingParams(),
        tmp_path / "stop",
        inputs=[photo],
        engine="replicate",
        checkpoint=Ordered(ids=ids),
    )

    stages.stop_vendor(bench)

    assert books.cancelled == ids
