"""fal's documented answers, errors and traps."""

import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from jobs.errors import (
    EngineNotConfiguredError,
    VendorOutcomeUnknownError,
    VendorRefusedError,
    VendorUnavailableError,
)
from jobs.pipeline import Wait
from jobs.toolbox.meshes import write_glb
from jobs.vendors.fal import (
    ENDPOINTS,
    Callback,
    FalClient,
    Task,
    callback_is_fals,
    fetch_signing_keys,
)
from jobs.workbench import Workbench
from scans.engines.fal import FalWait, cancel, make, named_sides
from scans.params import FalModel, ModelParams
from tests.benches import ListRecorder, make_bench
from tests.scans.models import cube, photo_of_a_disc
from tests.vendors.fal import KEY, FalEmulator, fal_emulator


@pytest.fixture
def fal(settings: object, tmp_path: Path) -> Iterator[FalEmulator]:
    with fal_emulator() as emulator:
        settings.FAL_KEY = KEY  # type: ignore[attr-defined]
        settings.FAL_QUEUE_URL = emulator.url  # type: ignore[attr-defined]
        settings.FAL_REST_URL = emulator.url  # type: ignore[attr-defined]
        settings.PUBLIC_URL = "https://house.example"  # type: ignore[attr-defined]
        emulator.model = write_glb(cube(), tmp_path / "cube.glb").read_bytes()
        yield emulator


@pytest.fixture
def client(fal: FalEmulator) -> FalClient:
    return FalClient(key=KEY, queue_url=fal.url)


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "disc.png"
    path.write_bytes(photo_of_a_disc())
    return path


def _bench(
    tmp_path: Path, photo: Path, model: FalModel, checkpoint: FalWait | None = None
) -> Workbench[ModelParams]:
    return make_bench(
        ModelParams(model=model), tmp_path / f"bench-{checkpoint is not None}",
        inputs=[photo], engine="fal", checkpoint=checkpoint, part=0,
        webhook_url="https://house.example/hook",
    )  # fmt: skip


def _to_the_end(tmp_path: Path, photos: list[Path], model: FalModel) -> Path:
    result = make(_bench(tmp_path, photos[0], model), photos)
    while isinstance(result, Wait):
        assert isinstance(result.checkpoint, FalWait)
        result = make(_bench(tmp_path, photos[0], model, result.checkpoint), photos)
    return result


@pytest.mark.parametrize("model", list(FalModel))
def test_each_model_has_its_own_names(
    fal: FalEmulator, tmp_path: Path, photo: Path, model: FalModel
) -> None:
    endpoint = ENDPOINTS[model.value]
    photos = [photo, *(_copy(photo, side) for side in endpoint.sides)]

    found = _to_the_end(tmp_path, photos, model)

    assert found.read_bytes() == fal.model
    [request] = fal.requests.values()
    key = endpoint.image_key
    sent = request.arguments[key]
    picture = sent[0] if model is FalModel.TRELLIS_MULTI else sent
    assert picture.startswith("data:image/png;base64,")
    assert set(endpoint.sides.values()) <= set(request.arguments)
    assert request.webhook == "https://house.example/api/v1/vendors/fal/webhook"


def _copy(photo: Path, side: str) -> Path:
    copy = photo.with_stem(f"{photo.stem}_{side}")
    copy.write_bytes(photo.read_bytes())
    return copy


def test_sides_that_a_model_needs_are_asked_for_before_it_is_paid(
    fal: FalEmulator, tmp_path: Path, photo: Path
) -> None:
    with pytest.raises(VendorRefusedError, match=r"back, left. Say so in the files"):
        _to_the_end(tmp_path, [photo], FalModel.HUNYUAN_MULTIVIEW)

    assert fal.requests == {}


def test_a_photo_below_a_models_limit_is_not_sent(
    fal: FalEmulator, tmp_path: Path
) -> None:
    from PIL import Image

    tiny = tmp_path / "tiny.png"
    Image.effect_noise((100, 300), 80).convert("RGB").save(tiny)

    with pytest.raises(VendorRefusedError, match="at least 128 a side"):
        _to_the_end(tmp_path, [tiny], FalModel.HUNYUAN_V3)

    assert fal.requests == {}


def test_models_are_asked_for_no_more_triangles_than_phones_show(
    fal: FalEmulator, tmp_path: Path, photo: Path
) -> None:
    _to_the_end(tmp_path, [photo], FalModel.TRELLIS_2)
    _to_the_end(tmp_path, [photo], FalModel.HUNYUAN_V3)

    trellis, hunyuan = (request.arguments for request in fal.requests.values())
    assert trellis["decimation_target"] == 50_000
    assert hunyuan["face_count"] == 50_000


def test_photos_named_by_their_sides_are_one_object() -> None:
    names = [
        "cup.jpg",
        "mug_left.jpg",
        "jar-front.png",
        "mug_back.jpg",
        "mug_front.jpg",
    ]

    groups = named_sides(names)

    assert groups == [[0], [4, 3, 1], [2]]


def test_several_photos_of_one_thing_go_to_the_model_that_takes_them(
    fal: FalEmulator, tmp_path: Path, photo: Path
) -> None:
    _to_the_end(tmp_path, [photo, photo], FalModel.TRELLIS)

    [request] = fal.requests.values()
    assert request.app == "fal-ai/trellis/multi"
    assert len(request.arguments["image_urls"]) == 2


def test_waiting_says_where_it_stands_and_keeps_the_logs(
    fal: FalEmulator, tmp_path: Path, photo: Path
) -> None:
    first = make(_bench(tmp_path, photo, FalModel.TRELLIS), [photo])
    assert isinstance(first, Wait)
    assert isinstance(first.checkpoint, FalWait)
    assert first.reason == "In line at fal"

    bench = _bench(tmp_path, photo, FalModel.TRELLIS, first.checkpoint)
    second = make(bench, [photo])

    assert isinstance(second, Wait)
    assert second.reason == "fal is computing the model"
    assert isinstance(bench.recorder, ListRecorder)
    assert bench.recorder.logs == [("info", "sampling")]


def test_addresses_come_from_the_answer_without_the_sub_path(
    fal: FalEmulator, client: FalClient
) -> None:
    endpoint = ENDPOINTS["trellis_multi"]

    task = client.submit(endpoint, {"image_urls": ["x"]}, webhook_url=None)

    assert task.status_url == f"{fal.url}/fal-ai/trellis/requests/req-0/status"
    assert client.task_of(endpoint, "req-0") == task


def test_a_completed_request_with_an_error_has_failed(
    fal: FalEmulator, tmp_path: Path, photo: Path
) -> None:
    fal.failing = {0}

    with pytest.raises(
        VendorRefusedError, match=r"Invalid image \(file_download_error\)"
    ):
        _to_the_end(tmp_path, [photo], FalModel.TRELLIS)


@pytest.mark.parametrize(
    ("status", "kind", "error"),
    [
        (401, "", VendorRefusedError),
        (403, "", VendorRefusedError),
        (400, "bad_request", VendorRefusedError),
        (422, "", VendorRefusedError),
        (404, "", VendorRefusedError),
        (429, "", VendorUnavailableError),
        (499, "client_disconnected", VendorUnavailableError),
        (499, "client_cancelled", VendorUnavailableError),
        (500, "internal_error", VendorUnavailableError),
        (500, "runner_server_error", VendorUnavailableError),
        (502, "runner_incomplete_response", VendorUnavailableError),
        (503, "runner_scheduling_failure", VendorUnavailableError),
        (503, "runner_connection_timeout", VendorUnavailableError),
        (503, "runner_disconnected", VendorUnavailableError),
        (503, "runner_connection_refused", VendorUnavailableError),
        (503, "runner_connection_error", VendorUnavailableError),
        (504, "request_timeout", VendorUnavailableError),
        (504, "startup_timeout", VendorUnavailableError),
    ],
)
def test_errors_are_told_apart(
    fal: FalEmulator, client: FalClient, status: int, kind: str, error: type[Exception]
) -> None:
    told = {"detail": "Something is wrong", "error_type": kind}
    fal.failures = [(status, told, {"X-Fal-Error-Type": kind})]

    with pytest.raises(error, match="Something is wrong"):
        client.progress(client.task_of(ENDPOINTS["trellis"], "req-0"))


@pytest.mark.parametrize(
    ("told", "error"),
    [("true", VendorUnavailableError), ("false", VendorRefusedError)],
)
def test_fal_says_itself_whether_to_try_again(
    fal: FalEmulator, client: FalClient, told: str, error: type[Exception]
) -> None:
    detail = [{"msg": "Failed to download", "type": "file_download_error"}]
    fal.failures = [(422, {"detail": detail}, {"X-Fal-Retryable": told})]

    with pytest.raises(error, match="Failed to download"):
        client.progress(client.task_of(ENDPOINTS["trellis"], "req-0"))


def test_a_busy_submit_is_sent_once_and_bought_nothing(
    fal: FalEmulator, client: FalClient
) -> None:
    fal.failures = [(429, {"detail": "slow down"}, {"Retry-After": "3"})]

    with pytest.raises(VendorUnavailableError) as caught:
        client.submit(ENDPOINTS["trellis"], {"image_url": "x"}, webhook_url=None)

    assert caught.value.retry_after is not None
    assert fal.requests == {}


def test_a_lost_answer_to_a_submit_is_not_sent_again(
    fal: FalEmulator, client: FalClient
) -> None:
    fal.drop_submit_answer = True

    with pytest.raises(VendorOutcomeUnknownError):
        client.submit(ENDPOINTS["trellis"], {"image_url": "x"}, webhook_url=None)

    assert len(fal.requests) == 1


def test_a_wrong_input_key_is_told(fal: FalEmulator, client: FalClient) -> None:
    with pytest.raises(VendorRefusedError, match=r"Field required \(missing\)"):
        client.submit(ENDPOINTS["hunyuan3d"], {"image_url": "x"}, webhook_url=None)


def test_an_undocumented_state_is_asked_for_again(
    fal: FalEmulator, client: FalClient
) -> None:
    fal.script = ["FAILED"]
    task = client.submit(ENDPOINTS["trellis"], {"image_url": "x"}, webhook_url=None)

    with pytest.raises(VendorUnavailableError, match="does not document"):
        client.progress(task)


@pytest.mark.parametrize(
    ("status", "kind"),
    [(504, "request_timeout"), (503, "runner_disconnected"), (500, "internal_error")],
)
def test_a_request_that_broke_down_is_bought_anew_and_not_asked_for_ever(
    fal: FalEmulator, tmp_path: Path, photo: Path, status: int, kind: str
) -> None:
    fal.failing, fal.failing_with = {0}, (status, kind)

    with pytest.raises(VendorRefusedError, match=kind) as caught:
        _to_the_end(tmp_path, [photo], FalModel.TRELLIS)

    # The runtime drops what was bought, and tries again.
    assert caught.value.retryable is True
    assert caught.value.code == "vendor_broke_down"


def test_a_result_that_is_late_is_asked_for_again(
    fal: FalEmulator, client: FalClient, tmp_path: Path, photo: Path
) -> None:
    fal.script = ["COMPLETED"]
    task = client.submit(ENDPOINTS["trellis"], {"image_url": "x"}, webhook_url=None)
    fal.failures = [(200, {"status": "COMPLETED", "logs": None}, {})]
    fal.failures += [(502, {"detail": "bad gateway"}, {})]

    # What was bought is good: the request itself has not failed.
    with pytest.raises(VendorUnavailableError, match="bad gateway"):
        make(_bench(tmp_path, photo, FalModel.TRELLIS, FalWait(task=task)), [photo])


def test_personal_photos_do_not_lie_at_fal_for_long(
    fal: FalEmulator, tmp_path: Path, photo: Path
) -> None:
    _to_the_end(tmp_path, [photo], FalModel.TRIPOSR)

    sent = fal.requests["req-0"].headers
    assert sent["x-fal-object-lifecycle-preference"] == (
        '{"expiration_duration_seconds": 86400}'
    )
    assert sent["authorization"] == f"Key {KEY}"


@pytest.mark.parametrize(
    ("there", "taken"),
    [
        (("base_model", "model_mesh", "pbr_model"), "pbr_model"),
        (("base_model", "model_mesh"), "model_mesh"),
        (("base_model",), "base_model"),
    ],
)
def test_the_best_of_tripos_models_is_taken(there: tuple[str, ...], taken: str) -> None:
    answer: dict[str, object] = {name: {"url": f"https://fal/{name}"} for name in there}
    answer |= {"rendered_image": {"url": "https://fal/still.png"}, "task_id": "t"}
    absent = {"pbr_model", "model_mesh", "base_model"} - set(there)

    url = ENDPOINTS["tripo"].model_url({**answer, **dict.fromkeys(absent)})

    assert url == f"https://fal/{taken}"


def test_an_answer_without_a_model_is_a_refusal() -> None:
    with pytest.raises(VendorRefusedError, match="without a model"):
        ENDPOINTS["trellis_2"].model_url({"model_mesh": {"url": "https://fal/x"}})


def test_tripo_is_always_told_about_pbr_and_never_asked_for_fbx(
    fal: FalEmulator, tmp_path: Path, photo: Path
) -> None:
    _to_the_end(tmp_path, [photo], FalModel.TRIPO)

    sent = fal.requests["req-0"].arguments
    assert sent["pbr"] is False
    assert "quad" not in sent


def test_logs_may_be_missing_and_positions_may_grow(
    fal: FalEmulator, tmp_path: Path, photo: Path
) -> None:
    fal.script = ["IN_QUEUE", "IN_QUEUE", "IN_PROGRESS", "COMPLETED"]
    fal.silent = True
    waits = []
    result = make(_bench(tmp_path, photo, FalModel.TRELLIS), [photo])
    while isinstance(result, Wait):
        waits.append(result)
        assert isinstance(result.checkpoint, FalWait)
        bench = _bench(tmp_path, photo, FalModel.TRELLIS, result.checkpoint)
        result = make(bench, [photo])

    # A place in line is no countdown, so none is shown; and no wait is for ever.
    assert [wait.reason for wait in waits] == [
        "In line at fal", "In line at fal", "fal is computing the model",
    ]  # fmt: skip
    assert {wait.give_up_after for wait in waits} == {timedelta(minutes=45)}


def test_cancel_reaches_fal_and_may_come_too_late(
    fal: FalEmulator, client: FalClient, tmp_path: Path, photo: Path
) -> None:
    waiting = make(_bench(tmp_path, photo, FalModel.TRELLIS), [photo])
    assert isinstance(waiting, Wait)
    assert isinstance(waiting.checkpoint, FalWait)

    cancel(_bench(tmp_path, photo, FalModel.TRELLIS, waiting.checkpoint))
    fal.requests["req-0"].asked = 9

    assert fal.requests["req-0"].cancelled
    assert not client.cancel(waiting.checkpoint.task)
    assert not client.cancel(client.task_of(ENDPOINTS["trellis"], "req-77"))


def test_the_key_is_not_sent_elsewhere(fal: FalEmulator, client: FalClient) -> None:
    elsewhere = Task(
        request_id="r",
        status_url="http://evil.example/s",
        response_url="",
        cancel_url="",
    )

    with pytest.raises(VendorRefusedError, match="elsewhere"):
        client.progress(elsewhere)


def test_without_a_key_the_engine_is_not_set_up(settings: object) -> None:
    settings.FAL_KEY = ""  # type: ignore[attr-defined]

    with pytest.raises(EngineNotConfiguredError, match="FAL_KEY"):
        FalClient.from_settings()


def test_a_signature_is_checked_against_body_time_and_key(fal: FalEmulator) -> None:
    keys = fetch_signing_keys(fal.url)
    body = b'{"request_id": "req-0", "status": "OK"}'

    def accepts(headers: dict[str, str], content: bytes = body) -> bool:
        return callback_is_fals(
            Callback(
                request_id=headers["X-Fal-Webhook-Request-Id"],
                user_id=headers["X-Fal-Webhook-User-Id"],
                timestamp=headers["X-Fal-Webhook-Timestamp"],
                signature=headers["X-Fal-Webhook-Signature"],
                body=content,
            ),
            keys,
        )

    good = fal.signed(body)
    assert accepts(good)
    assert not accepts(good, body + b" ")
    assert not accepts(good | {"X-Fal-Webhook-User-Id": "somebody"})
    assert not accepts(good | {"X-Fal-Webhook-Signature": "zz"})
    assert not accepts(fal.signed(body, at=time.time() - 301))
    assert not accepts(fal.signed(body, at=time.time() + 302))
    assert not accepts(good | {"X-Fal-Webhook-Timestamp": "yesterday"})


def test_any_of_fals_keys_may_have_signed(fal: FalEmulator) -> None:
    body = b"{}"
    headers = fal.signed(body)
    [good] = fetch_signing_keys(fal.url)
    [other] = (key["x"] for key in FalEmulator().jwks()["keys"])
    call = Callback(
        request_id=headers["X-Fal-Webhook-Request-Id"],
        user_id=headers["X-Fal-Webhook-User-Id"],
        timestamp=headers["X-Fal-Webhook-Timestamp"],
        signature=headers["X-Fal-Webhook-Signature"],
        body=body,
    )

    assert callback_is_fals(call, [other, good])
    assert not callback_is_fals(call, [other])
    assert not callback_is_fals(call, [])
