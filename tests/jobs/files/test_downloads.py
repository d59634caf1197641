from typing import Any

import httpx
import pytest

from jobs.models import Asset
from tests.jobs.media import wav

CONTENT = wav(3)
SIZE = len(CONTENT)


@pytest.fixture
def url(api: httpx.Client) -> str:
    answer = api.put("/api/v1/projects/p/assets/my tune.wav", content=CONTENT)
    return str(answer.json()["url"])


def test_a_file_comes_whole_with_its_headers(api: httpx.Client, url: str) -> None:
    answer = api.get(url)

    assert answer.content == CONTENT
    assert answer.headers["Content-Type"] == "audio/wav"
    assert answer.headers["Content-Length"] == str(SIZE)
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Accept-Ranges"] == "bytes"
    assert answer.headers["Content-Disposition"] == 'inline; filename="my tune.wav"'
    assert "sandbox" in answer.headers["Content-Security-Policy"]


def test_head_tells_without_sending(api: httpx.Client, url: str) -> None:
    answer = api.head(url)

    assert answer.status_code == 200
    assert answer.headers["Content-Length"] == str(SIZE)
    assert answer.content == b""


@pytest.mark.parametrize(
    ("asked", "start", "stop"),
    [
        ("bytes=0-9", 0, 10),
        ("bytes=100-", 100, SIZE),
        ("bytes=-7", SIZE - 7, SIZE),
        (f"bytes=10-{SIZE * 2}", 10, SIZE),
        (f"bytes=-{SIZE * 2}", 0, SIZE),
    ],
)
def test_a_range_is_sent_as_asked(
    api: httpx.Client, url: str, asked: str, start: int, stop: int
) -> None:
    answer = api.get(url, headers={"Range": asked})

    assert answer.status_code == 206
    assert answer.content == CONTENT[start:stop]
    assert answer.headers["Content-Range"] == f"bytes {start}-{stop - 1}/{SIZE}"


def test_several_ranges_come_in_one_answer(api: httpx.Client, url: str) -> None:
    answer = api.get(url, headers={"Range": "bytes=0-3, 10-13"})

    assert answer.status_code == 206
    kind, _, boundary = answer.headers["Content-Type"].partition("; boundary=")
    assert kind == "multipart/byteranges"
    pieces = answer.content.split(f"--{boundary}".encode())
    assert [piece.split(b"\r\n\r\n", 1)[1] for piece in pieces[1:-1]] == [
        CONTENT[0:4] + b"\r\n",
        CONTENT[10:14] + b"\r\n",
    ]
    assert answer.headers["Content-Length"] == str(len(answer.content))


@pytest.mark.parametrize(
    "asked", [f"bytes={SIZE}-", "bytes=-0", f"bytes={SIZE + 5}-9999999"]
)
def test_a_range_outside_is_refused(api: httpx.Client, url: str, asked: str) -> None:
    answer = api.get(url, headers={"Range": asked})

    assert answer.status_code == 416
    assert answer.headers["Content-Range"] == f"bytes */{SIZE}"


@pytest.mark.parametrize("asked", ["lines=1-2", "bytes=9-2", "bytes=a-b", "bytes"])
def test_a_range_that_means_nothing_is_ignored(
    api: httpx.Client, url: str, asked: str
) -> None:
    answer = api.get(url, headers={"Range": asked})

    assert answer.status_code == 200
    assert answer.content == CONTENT


def test_what_the_client_has_is_not_sent_again(api: httpx.Client, url: str) -> None:
    etag = api.get(url).headers["ETag"]

    same = api.get(url, headers={"If-None-Match": etag})
    other = api.get(url, headers={"If-None-Match": '"other"'})

    assert (same.status_code, same.content) == (304, b"")
    assert other.status_code == 200


def test_a_range_of_another_version_is_the_whole_file(
    api: httpx.Client, url: str
) -> None:
    headers = {"Range": "bytes=0-9", "If-Range": '"other"'}

    assert api.get(url, headers=headers).status_code == 200


def test_saving_can_be_asked_for(api: httpx.Client, url: str) -> None:
    answer = api.get(url, params={"download": "1"})

    assert answer.headers["Content-Disposition"].startswith("attachment")


def test_a_strangers_file_is_not_there(
    strange_api: httpx.Client, url: str, server: str
) -> None:
    assert strange_api.get(url).status_code == 404
    assert httpx.get(f"{server}{url}").status_code == 401


def test_a_file_that_is_gone_from_the_disk_is_404(
    api: httpx.Client, url: str, tmp_path: Any
) -> None:
    (tmp_path / "storage" / Asset.objects.get().storage_key).unlink()

    assert api.get(url).status_code == 404


def test_a_bucket_serves_by_a_signed_address(
    bucket: object, api: httpx.Client, url: str
) -> None:
    answer = api.get(url)
    there = httpx.get(answer.headers["Location"], headers={"Range": "bytes=0-9"})

    assert answer.status_code == 302
    assert "X-Amz-Signature" in answer.headers["Location"]
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert there.content == CONTENT[:10]
    assert there.headers["Content-Disposition"] == 'inline; filename="my tune.wav"'
