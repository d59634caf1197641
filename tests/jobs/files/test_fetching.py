"""What users point at, and what they pack: fetched and unpacked within limits."""

import os
import socket
import stat
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from jobs.toolbox import addresses
from jobs.toolbox.archives import (
    BadArchiveError,
    UnpackLimits,
    ZipEntry,
    stream_zip,
    unpack,
)
from jobs.toolbox.fetch import (
    FetchError,
    FetchLimits,
    FetchTooLargeError,
    FetchUnavailableError,
    UrlRefusedError,
    check_url,
    download,
)

OPEN = FetchLimits(allow_private=True, max_bytes=100_000, read_s=1, total_s=5)


class _Site(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        answer = {
            "/file": self._file,
            "/endless": self._endless,
            "/stuck": self._stuck,
            "/round": lambda: self._redirect("/round"),
            "/away": lambda: self._redirect("http://169.254.169.254/latest"),
            "/busy": self._busy,
        }
        answer[self.path]()

    def _file(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "5")
        self.send_header("Content-Disposition", 'attachment; filename="../a.mp4"')
        self.end_headers()
        self.wfile.write(b"media")

    def _endless(self) -> None:
        self.send_response(200)
        self.end_headers()
        try:
            while True:
                self.wfile.write(b"\0" * 65536)
        except OSError:
            return

    def _stuck(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "5")
        self.end_headers()
        self.wfile.write(b"m")
        self.wfile.flush()
        self.server.let_go.recv(1)  # type: ignore[attr-defined]

    def _redirect(self, onward: str) -> None:
        self.send_response(302)
        self.send_header("Location", onward)
        self.end_headers()

    def _busy(self) -> None:
        self.send_response(503)
        self.send_header("Retry-After", "7")
        self.end_headers()

    def log_message(self, *args: Any) -> None:
        pass


@pytest.fixture
def site() -> Iterator[str]:
    let_go, hold = socket.socketpair()
    with ThreadingHTTPServer(("127.0.0.1", 0), _Site) as server, let_go, hold:
        server.let_go = let_go  # type: ignore[attr-defined]
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        hold.sendall(b"x")
        server.shutdown()


def test_a_file_is_fetched_with_what_its_server_says(site: str, tmp_path: Path) -> None:
    fetched = download(f"{site}/file", tmp_path / "got", limits=OPEN)

    assert fetched.path.read_bytes() == b"media"
    assert (fetched.filename, fetched.size_bytes) == ("a.mp4", 5)


@pytest.mark.parametrize(
    ("path", "kind", "says"),
    [
        ("/endless", FetchTooLargeError, "larger than 100000"),
        ("/stuck", FetchUnavailableError, "in time"),
        ("/round", FetchError, "circles"),
        ("/busy", FetchUnavailableError, "503"),
    ],
)
def test_a_bad_site_is_given_up_and_leaves_nothing(
    site: str, tmp_path: Path, path: str, kind: type[FetchError], says: str
) -> None:
    with pytest.raises(kind, match=says):
        download(f"{site}{path}", tmp_path / "got", limits=OPEN)

    assert not list(tmp_path.iterdir())


def test_private_addresses_are_not_fetched(site: str, tmp_path: Path) -> None:
    with pytest.raises(FetchError, match="private network"):
        download(f"{site}/file", tmp_path / "got")


def test_a_redirect_into_a_private_network_is_not_followed(
    site: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As if the site itself were public, and only that.
    public = addresses.is_public
    monkeypatch.setattr(
        addresses, "is_public", lambda ip: ip == "127.0.0.1" or public(ip)
    )

    with pytest.raises(FetchError, match="private network"):
        download(f"{site}/away", tmp_path / "got")


def test_a_name_that_changes_its_mind_is_checked_where_it_is_connected(
    site: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = iter([["93.184.216.34"], ["127.0.0.1"]])
    monkeypatch.setattr(addresses, "resolve", lambda host, port: next(answers))
    url = "http://rebind.example:80/file"

    check_url(url)
    with pytest.raises(FetchError, match="private network"):
        download(url, tmp_path / "got")


@pytest.mark.parametrize(
    "url",
    [
        "ftp://example.org/a",
        "file:///etc/passwd",
        "http://",
        "http://user:word@example.org/",
        "http://example.org:99999/",
        "http://127.0.0.1/",
        "http://[::1]/",
        "http://[::ffff:10.0.0.1]/",
        "http://[64:ff9b::a00:1]/",
        "http://[::7f00:1]/",
        "http://[64:ff9b:1::7f00:1]/",
        "http://[::ffff:0:7f00:1]/",
        "http://[2002:7f00:1::]/",
        "http://[::]/",
        "http://2130706433/",
        "http://0177.0.0.1/",
        "http://0/",
        "http://169.254.169.254/",
        "http://0x7f.1/",
        "http://100.64.0.1/",
    ],
)
def test_a_bad_address_is_refused_at_once(url: str) -> None:
    with pytest.raises(UrlRefusedError):
        check_url(url)


def packed(path: Path, **files: bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def test_an_archive_is_unpacked_without_litter(tmp_path: Path) -> None:
    files = {"a/b.jpg": b"1", "__MACOSX/a": b"2", ".DS_Store": b"3"}

    found = unpack(packed(tmp_path / "a.zip", **files), tmp_path / "out")

    assert [each.name for each in found] == ["a/b.jpg"]
    assert (tmp_path / "out" / "a" / "b.jpg").read_bytes() == b"1"


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ({"../evil": b"1"}, "outside"),
        ({"/evil": b"1"}, "outside"),
        ({"c:\\evil": b"1"}, "outside"),
        ({"bomb": b"\0" * 20_000_000}, "fill disks"),
        ({"A.jpg": b"1", "a.jpg": b"2"}, "twice"),
        ({"a": b"1", "b": b"2", "c": b"3", "d": b"4"}, "3 are taken"),
        ({"big": os.urandom(3_000_000)}, "most that is taken"),
        ({"/".join("x" * 20): b"1"}, "too long"),
    ],
)
def test_a_harmful_archive_is_refused(
    tmp_path: Path, files: dict[str, bytes], says: str
) -> None:
    limits = UnpackLimits(max_files=3, max_bytes=2_000_000)
    archive = packed(tmp_path / "a.zip", **files)

    with pytest.raises(BadArchiveError, match=says):
        unpack(archive, tmp_path / "out", limits=limits)


def test_links_in_archives_are_refused(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("link")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(link, "/etc/passwd")

    with pytest.raises(BadArchiveError, match="link"):
        unpack(tmp_path / "a.zip", tmp_path / "out")


def test_a_streamed_zip_knows_its_size(tmp_path: Path) -> None:
    entries = [
        ZipEntry(name=f"{n}.txt", size_bytes=3, read=lambda: iter([b"a", b"bc"]))
        for n in range(3)
    ]

    made = stream_zip(entries)
    content = b"".join(made.chunks)

    assert len(content) == made.size_bytes
    (tmp_path / "a.zip").write_bytes(content)
    assert len(unpack(tmp_path / "a.zip", tmp_path / "out")) == 3
