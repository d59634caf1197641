"""KIRI's documented answers, errors and traps."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import av
import numpy as np
import pytest
from django.core import checks
from numpy.typing import NDArray

from jobs.errors import (
    EngineNotConfiguredError,
    VendorOutcomeUnknownError,
    VendorRefusedError,
    VendorUnavailableError,
)
from jobs.pipeline import Kind, StageResult, Wait
from jobs.toolbox.archives import BadArchiveError
from jobs.toolbox.fetch import FetchError
from jobs.toolbox.images import save_png
from jobs.toolbox.meshes import write_usdz
from jobs.vendors.kiri import KiriClient, Order, Scan, Status, webhook_is_ours
from scans.engines.kiri import KiriTask, scan
from scans.errors import (
    NoModelInArchiveError,
    NoMovementError,
    TooBlurredError,
    TooDarkError,
    VideoTooHeavyError,
    VideoTooLargeError,
    VideoTooLongError,
)
from scans.facts import SourceFacts
from scans.params import ScanParams
from tests.benches import ListRecorder, make_bench
from tests.scans.models import cube
from tests.vendors.kiri import KEY, KiriEmulator, kiri_emulator, packed

Picture = NDArray[np.uint8]
VIDEO = SourceFacts(video=True, duration_s=20, width_px=1280, height_px=720)


@pytest.fixture
def kiri(settings: object) -> Iterator[KiriEmulator]:
    with kiri_emulator() as emulator:
        settings.KIRI_API_KEY = KEY  # type: ignore[attr-defined]
        settings.KIRI_BASE_URL = emulator.url  # type: ignore[attr-defined]
        yield emulator


@pytest.fixture
def client(kiri: KiriEmulator) -> KiriClient:
    return KiriClient(api_key=KEY, base_url=kiri.url)


def blurred(picture: Picture) -> Picture:
    import cv2

    calm = cv2.GaussianBlur(picture, (0, 0), 9).astype(np.float32)
    # Contrast enough for something to have been there.
    return np.clip((calm - 127) * 12 + 127, 0, 255).astype(np.uint8)


@pytest.fixture
def video(tmp_path: Path) -> Path:
    return _film(tmp_path, [random_picture(seed) for seed in range(3)])


def random_picture(seed: int = 0) -> Picture:
    """Coloured squares, as much to recognise as a camera sees."""
    random = np.random.default_rng(seed)
    squares = random.integers(0, 256, (24, 24, 3)).astype(np.uint8)
    return squares.repeat(12, axis=0).repeat(12, axis=1)


def _film(folder: Path, pictures: list[Picture]) -> Path:
    """A film all of key frames, as short glances need."""
    path = folder / "walk.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=12, options={"g": "1"})
        stream.height, stream.width = pictures[0].shape[:2]
        for picture in pictures:
            frame = av.VideoFrame.from_ndarray(picture, "rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def _run(
    tmp_path: Path,
    video: Path,
    *,
    checkpoint: KiriTask | None = None,
    source: SourceFacts = VIDEO,
    params: ScanParams | None = None,
) -> tuple[StageResult | Wait, ListRecorder]:
    bench = make_bench(
        params or ScanParams(), tmp_path / f"bench-{checkpoint is not None}",
        inputs=[video], kind=Kind.VIDEO, engine="kiri", checkpoint=checkpoint,
    )  # fmt: skip
    result = scan(bench, source, [video])
    assert isinstance(bench.recorder, ListRecorder)
    return result, bench.recorder


def _to_the_end(tmp_path: Path, video: Path) -> StageResult:
    result, _ = _run(tmp_path, video)
    while isinstance(result, Wait):
        assert isinstance(result.checkpoint, KiriTask)
        result, _ = _run(tmp_path, video, checkpoint=result.checkpoint)
    return result


@pytest.mark.parametrize("code", [0, 200])
def test_a_scan_is_uploaded_once_waited_for_and_fetched(
    kiri: KiriEmulator, tmp_path: Path, video: Path, code: int
) -> None:
    kiri.success_code = code
    usdz = write_usdz(cube(), tmp_path / "cube.usdz").read_bytes()
    kiri.archive = packed({"nested/folder/model.usdz": usdz, "readme.txt": b"hello"})

    result = _to_the_end(tmp_path, video)

    assert len(kiri.uploads) == 1
    assert kiri.uploads[0][:2] == ("photo/video", 1)
    assert [file.role for file in result.files] == ["model_usdz", "vendor_archive"]
    assert result.files[0].path.read_bytes() == usdz
    assert kiri.downloads == 1


def test_the_id_is_kept_before_anything_else(
    kiri: KiriEmulator, tmp_path: Path, video: Path
) -> None:
    result, recorder = _run(tmp_path, video)

    assert isinstance(result, Wait)
    assert result.reason == "KIRI is taking the upload in"
    assert result.give_up_after == timedelta(minutes=45)
    assert [c.model_dump()["serialize"] for c in recorder.checkpoints] == [f"{1:032x}"]


@pytest.mark.parametrize(
    ("order", "path", "fields"),
    [
        (
            Order(model_quality=3, texture_quality=2, is_mask=1, file_format="glb"),
            "photo/video",
            {"modelQuality": "3", "textureQuality": "2", "isMask": "1",
             "textureSmoothing": "0", "fileFormat": "glb"},
        ),
        (Order(scan=Scan.FEATURELESS), "featureless/video", {"fileFormat": "usdz"}),
        (Order(scan=Scan.SPLAT), "3dgs/video", {"isMesh": "0", "isMask": "0"}),
        (
            Order(scan=Scan.SPLAT, is_mesh=1, file_format="ply"),
            "3dgs/video",
            {"isMesh": "1", "isMask": "0", "fileFormat": "ply"},
        ),
    ],
)  # fmt: skip
def test_each_kind_of_scan_sends_its_own_fields(
    kiri: KiriEmulator, client: KiriClient, video: Path, order: Order, path: str,
    fields: dict[str, str],
) -> None:  # fmt: skip
    client.upload_video(video, order)

    assert kiri.uploads == [(path, 1, fields)]


def test_photos_are_sent_as_repeated_parts(
    kiri: KiriEmulator, client: KiriClient, tmp_path: Path
) -> None:
    photos = [tmp_path / f"{index}.jpg" for index in range(20)]
    for photo in photos:
        photo.write_bytes(b"jpeg")

    client.upload_images(photos, Order())

    assert kiri.uploads[0][:2] == ("photo/image", 20)


@pytest.mark.parametrize("count", [19, 301])
def test_photos_outside_the_limits_are_not_sent(
    kiri: KiriEmulator, client: KiriClient, tmp_path: Path, count: int
) -> None:
    with pytest.raises(VendorRefusedError, match="20 to 300 photos"):
        client.upload_images([tmp_path / "x.jpg"] * count, Order())

    assert kiri.uploads == []


@pytest.mark.parametrize(
    ("source", "error"),
    [
        (VIDEO.model_copy(update={"duration_s": 181}), VideoTooLongError),
        (VIDEO.model_copy(update={"width_px": 3840, "height_px": 2160}), VideoTooLargeError),
        (VIDEO.model_copy(update={"size_bytes": 3 * 2**30}), VideoTooHeavyError),
        (SourceFacts(video=False, pictures=12), VendorRefusedError),
    ],
)  # fmt: skip
def test_what_kiri_would_refuse_costs_no_credit(
    kiri: KiriEmulator, tmp_path: Path, video: Path, source: SourceFacts,
    error: type[Exception],
) -> None:  # fmt: skip
    with pytest.raises(error):
        _run(tmp_path, video, source=source)

    assert kiri.uploads == []


@pytest.mark.parametrize(
    ("pictures", "error"),
    [
        ([random_picture(n) // 20 for n in range(9)], TooDarkError),
        ([random_picture(0)] * 9, NoMovementError),
        ([blurred(random_picture(n)) for n in range(9)], TooBlurredError),
    ],
    ids=["dark", "still", "blurred"],
)
def test_what_nobody_could_scan_costs_no_credit(
    kiri: KiriEmulator, tmp_path: Path, pictures: list[Picture], error: type[Exception]
) -> None:
    with pytest.raises(error):
        _run(tmp_path, _film(tmp_path, pictures))

    assert kiri.uploads == []


def test_a_plain_thing_is_for_kiri_to_judge(kiri: KiriEmulator, tmp_path: Path) -> None:
    plain = [np.full((48, 48, 3), 200, np.uint8)] * 9

    result, _ = _run(
        tmp_path, _film(tmp_path, plain), params=ScanParams(scanType="featureless")
    )

    assert isinstance(result, Wait)
    assert kiri.uploads[0][0] == "featureless/video"


@pytest.mark.parametrize(
    ("shade", "error"), [(0, TooDarkError), (1, NoMovementError)], ids=["dark", "still"]
)
def test_photos_that_nobody_could_scan_cost_no_credit(
    kiri: KiriEmulator, tmp_path: Path, shade: int, error: type[Exception]
) -> None:
    photo = save_png(tmp_path / "photo.png", random_picture() * np.uint8(shade))
    source = SourceFacts(video=False, pictures=20)
    bench = make_bench(ScanParams(), tmp_path / "b", inputs=[photo] * 20, engine="kiri")

    with pytest.raises(error):
        scan(bench, source, [photo] * 20)

    assert kiri.uploads == []


def test_a_portrait_video_of_full_hd_is_taken(
    kiri: KiriEmulator, tmp_path: Path, video: Path
) -> None:
    upright = VIDEO.model_copy(update={"width_px": 1080, "height_px": 1920})

    result, _ = _run(tmp_path, video, source=upright)

    assert isinstance(result, Wait)


def test_without_credit_nothing_is_uploaded(
    kiri: KiriEmulator, tmp_path: Path, video: Path
) -> None:
    kiri.balance = 0

    with pytest.raises(VendorRefusedError, match="no credit left"):
        _run(tmp_path, video)

    assert kiri.uploads == []


@pytest.mark.parametrize(
    ("status", "error", "said"),
    [
        (400, VendorRefusedError, "refused"),
        (401, VendorRefusedError, "KIRI_API_KEY"),
        (403, VendorRefusedError, "no credit"),
        (404, VendorRefusedError, "refused"),
        (429, VendorUnavailableError, "busy"),
        (500, VendorUnavailableError, "busy or broken"),
        (503, VendorUnavailableError, "busy or broken"),
    ],
)
def test_errors_are_told_apart(
    kiri: KiriEmulator,
    client: KiriClient,
    status: int,
    error: type[Exception],
    said: str,
) -> None:
    kiri.failures = [kiri.refusal(status)]

    with pytest.raises(error, match=said):
        client.balance()


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, VendorRefusedError),
        (401, VendorRefusedError),
        (403, VendorRefusedError),
        (404, VendorRefusedError),
        (429, VendorUnavailableError),
    ],
)
def test_an_upload_that_is_turned_away_bought_nothing(
    kiri: KiriEmulator, client: KiriClient, video: Path, status: int,
    error: type[Exception],
) -> None:  # fmt: skip
    kiri.failures = [kiri.refusal(status)]

    # Not an unknown outcome: it may be sent again.
    with pytest.raises(error):
        client.upload_video(video, Order())

    assert kiri.balance == 5


def test_the_balance_goes_down_and_ends_uploads(
    kiri: KiriEmulator, client: KiriClient, video: Path
) -> None:
    kiri.balance = 1
    client.upload_video(video, Order())

    assert client.balance() == 0
    with pytest.raises(VendorRefusedError, match="no credit left"):
        client.upload_video(video, Order())


def test_retry_after_is_kept(kiri: KiriEmulator, client: KiriClient) -> None:
    kiri.failures = [kiri.refusal(429)]

    with pytest.raises(VendorUnavailableError) as caught:
        client.balance()

    assert caught.value.retry_after == timedelta(seconds=7)


def test_a_refusal_with_status_200_is_a_refusal(
    kiri: KiriEmulator, client: KiriClient
) -> None:
    kiri.failures = [(200, kiri.envelope(None, ok=False, code=2008))]

    with pytest.raises(VendorRefusedError, match="code 2008"):
        client.balance()


def test_bare_control_characters_are_read_over(
    kiri: KiriEmulator, client: KiriClient
) -> None:
    kiri.control_characters = True

    assert client.balance() == 5


def test_an_answer_that_is_no_json_may_be_better_later(
    kiri: KiriEmulator, client: KiriClient
) -> None:
    kiri.failures = [(200, b"<html>maintenance</html>")]

    with pytest.raises(VendorUnavailableError, match="not JSON"):
        client.balance()


def test_a_lost_answer_to_an_upload_is_not_sent_again(
    kiri: KiriEmulator, client: KiriClient, video: Path
) -> None:
    kiri.drop_upload_answer = True

    with pytest.raises(VendorOutcomeUnknownError, match="may have been charged"):
        client.upload_video(video, Order())

    assert len(kiri.uploads) == 1


@pytest.mark.parametrize("status", [500, 502])
def test_a_broken_answer_to_an_upload_is_an_unknown_outcome(
    kiri: KiriEmulator, client: KiriClient, video: Path, status: int
) -> None:
    kiri.failures = [kiri.refusal(status)]

    with pytest.raises(VendorOutcomeUnknownError):
        client.upload_video(video, Order())


def test_an_upload_without_an_id_is_an_unknown_outcome(
    kiri: KiriEmulator, client: KiriClient, video: Path
) -> None:
    kiri.no_serialize = True

    with pytest.raises(VendorOutcomeUnknownError, match="no id"):
        client.upload_video(video, Order())


def test_no_connection_at_all_bought_nothing(video: Path) -> None:
    away = KiriClient(api_key=KEY, base_url="http://127.0.0.1:9/api/")

    with pytest.raises(VendorUnavailableError, match="cannot be reached"):
        away.upload_video(video, Order())


@pytest.mark.parametrize(
    ("number", "code", "said"),
    [
        (1, "vendor_refused", "could not make a model"),
        (4, "scan_expired", "deleted this scan"),
    ],
)
def test_failed_and_expired_scans_end(
    kiri: KiriEmulator, tmp_path: Path, video: Path, number: int, code: str, said: str
) -> None:
    kiri.script = [number]

    with pytest.raises(VendorRefusedError, match=said) as caught:
        _run(tmp_path, video)

    assert caught.value.code == code


def test_an_undocumented_status_is_asked_for_again(
    kiri: KiriEmulator, client: KiriClient, video: Path
) -> None:
    kiri.script = [9]
    serialize = client.upload_video(video, Order())

    with pytest.raises(VendorUnavailableError, match="does not document"):
        client.status(serialize)


def test_statuses_are_not_in_order() -> None:
    assert [Status(n).name for n in (-1, 3, 0, 2, 1, 4)] == [
        "UPLOADING", "QUEUING", "PROCESSING", "SUCCESS", "FAILED", "EXPIRED",
    ]  # fmt: skip


def test_a_model_that_is_not_ready_is_refused(
    kiri: KiriEmulator, client: KiriClient, video: Path
) -> None:
    serialize = client.upload_video(video, Order())

    with pytest.raises(VendorRefusedError, match="code 2000"):
        client.model_url(serialize)


def test_an_expired_link_fails_and_a_fresh_one_serves(
    kiri: KiriEmulator, tmp_path: Path, video: Path
) -> None:
    kiri.script = [2]
    kiri.archive = packed({"scan.ply": b"ply"})
    kiri.link_expired = True
    with pytest.raises(FetchError, match="403"):
        _run(tmp_path, video)
    kiri.link_expired = False

    result, _ = _run(
        tmp_path, video, checkpoint=KiriTask(serialize=f"{1:032x}", started_at=0)
    )

    assert isinstance(result, StageResult)
    assert len(kiri.uploads) == 1


def test_a_link_that_is_over_is_asked_for_again_at_once(
    kiri: KiriEmulator, tmp_path: Path, video: Path
) -> None:
    kiri.script, kiri.links_over = [2], 1
    kiri.archive = packed({"scan.ply": b"ply"})

    result, _ = _run(tmp_path, video)

    assert isinstance(result, StageResult)
    assert kiri.downloads == 2


def test_a_finished_scan_without_an_archive_is_waited_for(
    kiri: KiriEmulator, tmp_path: Path, video: Path
) -> None:
    kiri.script, kiri.not_packed = [2], 1
    kiri.archive = packed({"scan.ply": b"ply"})

    first, recorder = _run(tmp_path, video)
    assert isinstance(first, Wait)
    assert first.reason == "KIRI packs the model"
    assert isinstance(first.checkpoint, KiriTask)
    assert ("warning", "KIRI refused (code 2000): refused.") in recorder.logs
    second, _ = _run(tmp_path, video, checkpoint=first.checkpoint)

    assert isinstance(second, StageResult)
    assert len(kiri.uploads) == 1


@pytest.mark.parametrize(
    ("archive", "error"),
    [
        (packed({"readme.txt": b"sorry"}), NoModelInArchiveError),
        (packed({"../../escaped.usdz": b"x"}), BadArchiveError),
        (packed({"model.usdz": b"x" * 5000})[:200], BadArchiveError),
    ],
)
def test_a_bad_archive_is_refused(
    kiri: KiriEmulator, tmp_path: Path, video: Path, archive: bytes,
    error: type[Exception],
) -> None:  # fmt: skip
    kiri.script = [2]
    kiri.archive = archive

    with pytest.raises(error):
        _run(tmp_path, video)


def test_without_a_key_the_engine_is_not_set_up(settings: object) -> None:
    settings.KIRI_API_KEY = ""  # type: ignore[attr-defined]

    with pytest.raises(EngineNotConfiguredError, match="KIRI_API_KEY"):
        KiriClient.from_settings()


def test_webhooks_know_the_secret_or_its_hmac() -> None:
    import hashlib
    import hmac

    body = b'{"serialize": "abc", "status": 2}'
    signed = hmac.new(b"secret", body, hashlib.sha256).hexdigest()

    assert webhook_is_ours("secret", "secret", body)
    assert webhook_is_ours("secret", signed, body)
    assert not webhook_is_ours("secret", "Secret", body)
    assert not webhook_is_ours("secret", "", body)
    assert not webhook_is_ours("", "", body)


@pytest.mark.parametrize(
    ("secret", "faults"), [("", 0), ("a" * 5, 1), ("a" * 6, 0), ("a" * 41, 1)]
)
def test_a_secret_that_kiri_does_not_take_is_told_at_the_start(
    settings: object, secret: str, faults: int
) -> None:
    settings.KIRI_WEBHOOK_SECRET = secret  # type: ignore[attr-defined]

    found = [one for one in checks.run_checks() if one.id == "scans.W001"]

    assert len(found) == faults
