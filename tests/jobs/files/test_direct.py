"""Uploads straight to a bucket: what was put there is looked at where it lies."""

import hashlib
import json
import random
import resource
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from botocore.exceptions import ReadTimeoutError
from django.conf import settings
from django.core.files.storage import default_storage
from django.utils import timezone

from jobs.errors import ConflictError, NotFoundError
from jobs.files import bucket as buckets
from jobs.files import direct, pruning
from jobs.files.objects import BLOCK, RemoteFile
from jobs.models import Asset, Upload
from jobs.toolbox import ffmpeg
from jobs.toolbox.sources import Source
from tests.jobs.media import png, wav

MEBIBYTE = 2**20
# Nothing listens there.
NOWHERE = "http://127.0.0.1:9"


def test_a_large_file_goes_straight_to_the_bucket(
    api: httpx.Client, bucket: object
) -> None:
    content = wav(700)  # 11 MB: two parts
    order = {"filename": "tune.wav", "size_bytes": len(content), "project": "songs"}

    begun = api.post("/api/v1/uploads/direct/", json=order).json()
    address = f"/api/v1/uploads/direct/{begun['id']}/"
    first, second = begun["parts"]
    _put(first, content)
    halfway = api.get(address).json()
    early = api.post(f"{address}complete/")
    _put(second, content[begun["part_size_bytes"] :])
    done = api.post(f"{address}complete/")
    again = api.post(f"{address}complete/")

    assert halfway["uploaded"] == [1]
    assert [part["number"] for part in halfway["parts"]] == [2]
    assert early.status_code == 409
    assert done.status_code == 201, done.text
    assert done.json()["sha256"] == hashlib.sha256(content).hexdigest()
    assert again.json() == done.json()
    fetched = api.get(done.json()["url"], follow_redirects=True)
    assert fetched.content == content


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("film.mp4", b"<html>" * 10_000, "unsupported_media"),
        ("film.png", png()[:40], "unreadable_media"),
        ("talk.txt", b"a" * (10 * 2**20 + 1), "too_large"),
    ],
)
def test_what_was_put_into_the_bucket_is_looked_at_and_not_kept(
    api: httpx.Client, bucket: Any, name: str, content: bytes, code: str
) -> None:
    address = _put_all(api, content, name)

    done = api.post(f"{address}complete/")

    assert done.json()["code"] == code, done.text
    assert not Asset.objects.exists()
    assert list(bucket.objects.all()) == []
    assert api.get(address).status_code == 404


def test_a_direct_upload_goes_on_where_a_dead_server_left_it(
    api: httpx.Client, bucket: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = wav(5)
    address = _put_all(api, content, "tune.wav")
    with monkeypatch.context() as patched:
        patched.setattr(direct, "_receive", _die)
        api.post(f"{address}complete/")

    asked = api.get(address).json()
    done = api.post(f"{address}complete/")

    assert (asked["uploaded"], asked["parts"]) == ([1], [])
    assert done.json()["sha256"] == hashlib.sha256(content).hexdigest()


def test_a_direct_upload_that_nobody_completes_is_swept(
    api: httpx.Client, bucket: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = _put_all(api, wav(1), "tune.wav")
    with monkeypatch.context() as patched:
        patched.setattr(direct, "_receive", _die)
        api.post(f"{address}complete/")
    Upload.objects.update(expires_at=timezone.now() - timedelta(seconds=1))

    assert pruning.prune_uploads() == 1
    assert list(bucket.objects.all()) == []


def test_a_bucket_out_of_reach_is_said_plainly(
    api: httpx.Client, bucket: Any, settings: Any
) -> None:
    address = _put_all(api, wav(1), "tune.wav")
    options = {**settings.STORAGES["default"]["OPTIONS"], "endpoint_url": NOWHERE}
    bucket_away = {**settings.STORAGES["default"], "OPTIONS": options}
    settings.STORAGES = {**settings.STORAGES, "default": bucket_away}

    answer = api.post(f"{address}complete/")

    assert answer.status_code == 503, answer.text
    assert answer.json()["code"] == "unavailable"
    assert int(answer.headers["Retry-After"]) > 0


def test_a_direct_upload_is_its_owners_own(
    api: httpx.Client, strange_api: httpx.Client, bucket: object
) -> None:
    address = _put_all(api, wav(1), "tune.wav")

    assert strange_api.get(address).status_code == 404
    assert strange_api.post(f"{address}complete/").status_code == 404
    assert strange_api.delete(address).status_code == 404
    assert api.delete(address).status_code == 204


def _die(upload: Upload) -> Asset:
    raise OSError("The power is gone.")


def _put_all(api: httpx.Client, content: bytes, name: str) -> str:
    """Begin a direct upload and send its parts; its address."""
    order = {"filename": name, "size_bytes": len(content), "project": "songs"}
    begun = api.post("/api/v1/uploads/direct/", json=order).json()
    for part in begun["parts"]:
        start = (part["number"] - 1) * begun["part_size_bytes"]
        _put(part, content[start:])
    return f"/api/v1/uploads/direct/{begun['id']}/"


def _put(part: dict[str, object], content: bytes) -> None:
    answer = httpx.put(part["url"], content=content[: part["size_bytes"]])
    assert answer.status_code == 200, answer.text


def test_a_disk_takes_no_direct_uploads(api: httpx.Client) -> None:
    order = {"filename": "tune.wav", "size_bytes": 100}

    answer = api.post("/api/v1/uploads/direct/", json=order)

    assert answer.status_code == 400
    assert json.loads(answer.text)["code"] == "storage_is_local"


# What is not copied -------------------------------------------------------------------


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Two seconds as cameras write them: large, and its index comes last."""
    path = tmp_path_factory.mktemp("film") / "film.mov"
    ffmpeg.output(
        [
            *("-f", "lavfi", "-t", "2", "-i", "testsrc2=s=1280x720:r=10"),
            *("-c:v", "rawvideo", "-pix_fmt", "uyvy422", path),
        ]
    )
    return path.read_bytes()


def test_a_film_in_the_bucket_is_told_like_one_in_a_form_without_a_copy_of_it(
    api: httpx.Client, bucket: Any, film: bytes
) -> None:
    address = _put_all(api, film, "film.mov")

    with _no_file_beyond(MEBIBYTE):
        done = api.post(f"{address}complete/").json()
    files = {"file": ("film.mov", film)}
    sent = api.post("/api/v1/projects/songs/assets/", files=files).json()

    assert len(film) > 30 * MEBIBYTE
    assert done["sha256"] == hashlib.sha256(film).hexdigest()
    facts = ("kind", "content_type", "size_bytes", "width", "height", "duration")
    assert {f: done[f] for f in facts} == {f: sent[f] for f in facts}
    ours, theirs = (Asset.objects.get(pk=told["id"]) for told in (done, sent))
    assert ours.details == theirs.details
    assert _stored(ours.thumbnail_key) == _stored(theirs.thumbnail_key)
    assert not list((settings.VAR_DIR / "incoming").iterdir())


def test_a_sound_in_the_bucket_gets_the_wave_of_one_in_a_form(
    api: httpx.Client, bucket: Any
) -> None:
    sound = wav(300)
    address = _put_all(api, sound, "tune.wav")

    with _no_file_beyond(MEBIBYTE):
        done = api.post(f"{address}complete/").json()
    sent = api.put("/api/v1/projects/songs/assets/tune.wav", content=sound).json()

    ours, theirs = (Asset.objects.get(pk=told["id"]) for told in (done, sent))
    assert ours.duration == theirs.duration == 300
    assert _stored(ours.thumbnail_key) == _stored(theirs.thumbnail_key)


def test_a_film_whose_end_is_missing_is_refused_and_removed(
    api: httpx.Client, bucket: Any, film: bytes
) -> None:
    address = _put_all(api, film[: -4 * MEBIBYTE], "film.mov")

    done = api.post(f"{address}complete/")

    assert done.status_code == 400
    assert done.json()["code"] == "unreadable_media"
    assert list(bucket.objects.all()) == []
    assert not Asset.objects.exists()


def test_a_film_that_sends_its_reader_to_and_fro_is_given_up(
    api: httpx.Client, bucket: Any, film: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jobs.files.objects.SPARE", 0)
    monkeypatch.setattr("jobs.files.objects.MOST_READINGS", 1)
    address = _put_all(api, _shuffled(film), "film.mov")

    done = api.post(f"{address}complete/")

    assert done.status_code == 400
    assert "to and fro" in done.json()["detail"]
    assert list(bucket.objects.all()) == []


def test_a_bucket_that_falls_silent_meanwhile_costs_nothing_but_another_try(
    api: httpx.Client, bucket: Any, film: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = _put_all(api, film, "film.mov")
    read = buckets.Version.read

    def fall_silent(version: buckets.Version, start: int, count: int) -> bytes:
        if start:
            raise ReadTimeoutError(endpoint_url=NOWHERE)
        return read(version, start, count)

    with monkeypatch.context() as patched:
        patched.setattr(buckets.Version, "read", fall_silent)
        answer = api.post(f"{address}complete/")
    done = api.post(f"{address}complete/")

    assert answer.status_code == 503, answer.text
    assert done.json()["sha256"] == hashlib.sha256(film).hexdigest()


# One object ---------------------------------------------------------------------------


def test_a_remote_file_reads_as_a_local_one_does(bucket: Any, tmp_path: Path) -> None:
    dice = random.Random(5)
    content = dice.randbytes(7 * BLOCK + 1234)
    bucket.put_object(Key="a", Body=content)
    path = tmp_path / "a"
    path.write_bytes(content)

    remote: Source = RemoteFile(buckets.look("a"))

    with remote.open("rb") as here, path.open("rb") as there:
        for _ in range(40):
            place, count = dice.randrange(len(content)), dice.randrange(BLOCK)
            assert here.seek(place) == there.seek(place)
            assert here.read(count) == there.read(count)
        assert here.seek(-5, 2) == there.seek(-5, 2)
        assert here.read() == there.read()


def test_an_object_that_changes_or_goes_meanwhile_is_read_no_further(
    bucket: Any,
) -> None:
    bucket.put_object(Key="a", Body=b"one")
    version = buckets.look("a")
    assert version.read(1, 10) == b"ne"

    bucket.put_object(Key="a", Body=b"two")
    with pytest.raises(ConflictError):
        version.read(1, 2)
    with pytest.raises(ConflictError):
        list(version.chunks(2))

    bucket.Object("a").delete()
    with pytest.raises(NotFoundError):
        version.read(1, 2)


def test_a_server_that_knows_no_ranges_will_do(bucket: Any) -> None:
    bucket.put_object(Key="a", Body=b"0123456789")
    events = buckets.here().meta.events
    name = "before-sign.s3.GetObject"
    events.register(name, _without_range)
    try:
        read = buckets.look("a").read(4, 3)
    finally:
        events.unregister(name, _without_range)

    assert read == b"456"


def _without_range(request: Any, **told: Any) -> None:
    del request.headers["Range"]


def _stored(key: str) -> bytes:
    with default_storage.open(key) as opened:
        return bytes(opened.read())


def _shuffled(film: bytes) -> bytes:
    """The same, but its pictures lie in no order."""
    at = film.index(b"stco") + 8
    count = int.from_bytes(film[at : at + 4])
    form, at = f">{count}I", at + 4
    places = list(struct.unpack_from(form, film, at))
    random.Random(3).shuffle(places)
    return film[:at] + struct.pack(form, *places) + film[at + 4 * count :]


@contextmanager
def _no_file_beyond(size_bytes: int) -> Iterator[None]:
    """Whoever in this process writes a larger file fails."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
