import hashlib
import json
import socket
from pathlib import Path
from typing import Any

import httpx
import pytest

from jobs.models import Asset
from tests.jobs.media import png, wav

pytestmark = pytest.mark.usefixtures("storage_kind")
MEBIBYTE = 2**20


def test_a_form_upload_becomes_an_asset_known_by_its_content(
    api: httpx.Client,
) -> None:
    content = png((64, 48))

    answer = api.post(
        "/api/v1/projects/shop/assets/",
        files={"file": ("../Müller's photo.jpg", content, "text/html")},
    )

    assert answer.status_code == 201, answer.text
    told = answer.json()
    assert told["kind"] == "image"
    assert told["content_type"] == "image/png"
    assert (told["width"], told["height"]) == (64, 48)
    assert told["sha256"] == hashlib.sha256(content).hexdigest()
    assert told["original_filename"] == "Müller's photo.jpg"
    assert told["filename"].startswith("M_ller_s_photo-")
    assert told["filename"].endswith(".png")
    assert api.get(told["url"], follow_redirects=True).content == content


def test_a_raw_body_becomes_an_asset_and_a_second_one_another(
    api: httpx.Client,
) -> None:
    content = wav(40)
    address = "/api/v1/projects/songs/assets/tune.wav"

    first = api.put(address, content=content).json()
    second = api.put(address, content=content).json()

    assert first["kind"] == "audio"
    assert first["duration"] == 40
    assert first["filename"] != second["filename"]
    assert first["original_filename"] == second["original_filename"] == "tune.wav"


def test_a_body_without_a_length_is_taken(api: httpx.Client) -> None:
    content = wav(40)
    pieces = (content[i : i + 50_000] for i in range(0, len(content), 50_000))

    answer = api.put("/api/v1/projects/songs/assets/live.wav", content=pieces)

    assert answer.status_code == 201, answer.text
    assert answer.json()["size_bytes"] == len(content)


def test_what_is_no_media_is_refused_and_not_kept(
    api: httpx.Client, settings: Any
) -> None:
    answer = api.put("/api/v1/projects/p/assets/film.mp4", content=b"<html>" * 100_000)

    assert answer.status_code == 415
    assert answer.json()["code"] == "unsupported_media"
    assert not Asset.objects.exists()


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("talk.txt", "Grüß Gott, class.\n" * 1000, "document"),
        ("talk.srt", "1\n00:00:00,000 --> 00:00:02,000\nGrüß Gott\n", "captions"),
        ("talk.vtt", "WEBVTT\n\n00:00.000 --> 00:02.000\nGrüß Gott\n", "captions"),
    ],
)
def test_a_transcript_is_taken_and_handed_back_as_a_file(
    api: httpx.Client, storage_kind: str, name: str, content: str, kind: str
) -> None:
    told = api.put(f"/api/v1/projects/p/assets/{name}", content=content.encode()).json()

    assert told["kind"] == kind, told
    got = api.get(told["url"], follow_redirects=True)
    assert got.text == content
    assert got.headers["Content-Disposition"].startswith("attachment")
    if storage_kind == "disk":
        assert got.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("talk.txt", "Grüß Gott, class.".encode("cp1252"), "unreadable_media"),
        ("talk.txt", b"a" * 5000 + b"\0", "unreadable_media"),
        ("talk.txt", b"a" * (10 * MEBIBYTE + 1), "too_large"),
        ("talk.txt", b"%PDF-1.7\n", "unsupported_media"),
        ("talk.txt", b"<html><script>alert(1)</script>", "unsupported_media"),
        ("talk.mp4", b"Not a film at all.", "unsupported_media"),
    ],
)
def test_what_is_no_transcript_is_refused(
    api: httpx.Client, name: str, content: bytes, code: str
) -> None:
    answer = api.put(f"/api/v1/projects/p/assets/{name}", content=content)

    assert answer.json()["code"] == code
    assert not Asset.objects.exists()


def test_damaged_media_is_refused_with_a_reason(api: httpx.Client) -> None:
    answer = api.put("/api/v1/projects/p/assets/a.png", content=png()[:40])

    assert answer.status_code == 400
    assert answer.json()["code"] == "unreadable_media"


def test_an_empty_file_is_refused(api: httpx.Client) -> None:
    answer = api.put("/api/v1/projects/p/assets/a.png", content=b"")

    assert answer.status_code == 400
    assert answer.json()["code"] == "empty_file"


def test_forms_have_limits_of_their_own(api: httpx.Client, settings: Any) -> None:
    settings.UPLOAD_MAX_SIZE = 2 * MEBIBYTE
    settings.MAX_UPLOAD_SIZE_MB = 1
    picture = png() + b"\0" * MEBIBYTE
    sound = wav(60) + b"\0" * 2 * MEBIBYTE

    for content in (picture, sound):
        answer = api.post("/api/v1/projects/p/assets/", files={"file": content})
        assert answer.status_code == 413, answer.text
        assert answer.json()["code"] == "too_large"
    assert not Asset.objects.exists()


def test_a_body_that_is_too_large_is_not_read_to_its_end(
    api: httpx.Client, settings: Any
) -> None:
    settings.UPLOAD_MAX_SIZE = MEBIBYTE
    announced = 500 * MEBIBYTE

    status, sent = _push_form(api, wav(1), announced)

    assert status == 413
    assert sent < 30 * MEBIBYTE


def test_an_announced_length_beyond_the_limit_is_refused_before_a_byte(
    api: httpx.Client, settings: Any
) -> None:
    settings.RESUMABLE_MAX_SIZE = MEBIBYTE
    host, port = api.base_url.host, api.base_url.port
    head = (
        "PUT /api/v1/projects/p/assets/a.wav HTTP/1.1\r\nHost: x\r\n"
        f"Authorization: {api.headers['authorization']}\r\n"
        f"Content-Length: {500 * MEBIBYTE}\r\nExpect: 100-continue\r\n\r\n"
    )
    with socket.create_connection((host, port)) as connection:
        connection.sendall(head.encode())
        answer = connection.recv(4096)

    assert answer.startswith(b"HTTP/1.1 413")


def test_an_owner_cannot_store_more_than_allowed(
    api: httpx.Client, settings: Any
) -> None:
    settings.OWNER_BYTES_LIMIT = 100

    answer = api.put("/api/v1/projects/p/assets/a.wav", content=wav(1))

    assert answer.status_code == 429
    assert answer.json()["code"] == "quota_exceeded"


def test_a_stranger_without_a_key_is_refused_before_the_body(server: str) -> None:
    answer = httpx.put(
        f"{server}/api/v1/projects/p/assets/a.wav", content=b"\0" * 5 * MEBIBYTE
    )

    assert answer.status_code == 401


def test_deleting_an_asset_removes_its_files(api: httpx.Client) -> None:
    told = api.post("/api/v1/projects/p/assets/", files={"file": png()}).json()

    assert api.delete(f"/api/v1/assets/{told['id']}/").status_code == 204

    assert api.get(told["url"], follow_redirects=True).status_code == 404
    assert not Asset.objects.exists()


def _push_form(api: httpx.Client, start: bytes, announced: int) -> tuple[int, int]:
    """Send a form that goes on and on; the answer's status, and how much was taken."""
    head = (
        "POST /api/v1/projects/p/assets/ HTTP/1.1\r\nHost: x\r\n"
        f"Authorization: {api.headers['authorization']}\r\n"
        "Content-Type: multipart/form-data; boundary=b\r\n"
        f"Content-Length: {announced}\r\n\r\n"
        '--b\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\n'
    ).encode() + start
    address = (api.base_url.host, api.base_url.port)
    sent = 0
    with socket.create_connection(address) as connection:
        connection.sendall(head)
        try:
            while sent < announced:
                sent += connection.send(b"\0" * 65536)
        except OSError:
            # Cut off, as it should be.
            pass
        answer = connection.recv(4096)
    return int(answer.split()[1]), sent


def test_the_tree_is_the_documented_one(
    api: httpx.Client, storage_kind: str, tmp_path: Path
) -> None:
    api.post("/api/v1/projects/p/assets/", files={"file": png()})

    asset = Asset.objects.get()
    folder = f"project_{asset.project_id.hex}"
    assert asset.storage_key.startswith(f"uploads/{folder}/")
    assert asset.thumbnail_key.startswith(f"thumbnails/{folder}/")
    if storage_kind == "disk":
        assert (tmp_path / "storage" / asset.storage_key).is_file()
        assert not list((tmp_path / "storage" / "incoming").iterdir())


def test_the_same_idempotency_key_makes_one_asset(api: httpx.Client) -> None:
    headers = {"Idempotency-Key": "once"}
    files = {"file": ("a.png", png())}

    first = api.post("/api/v1/projects/p/assets/", files=files, headers=headers)
    again = api.post("/api/v1/projects/p/assets/", files=files, headers=headers)

    assert first.json() == again.json(), json.dumps(again.json())
    assert again.headers["Idempotent-Replayed"] == "true"
    assert Asset.objects.count() == 1
