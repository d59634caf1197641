"""One GiB by each way in: the server's memory and its pace beside a bare ASGI application."""

import http.client
import json
import os
import sys
import tempfile
import time
import wave
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from benchmarks.doors import (
    MEBIBYTE,
    PeakMemory,
    bare,
    bucket,
    make_key,
    start_web,
    timed_while,
)
from benchmarks.houses import house, percentile, tell

SIZE_MB = 1024
ROUNDS = 3
WAYS = ("raw", "form", "tus")
LIMITS = {
    "UPLOAD_MAX_SIZE": str(2 * SIZE_MB * MEBIBYTE),
    "OWNER_BYTES_LIMIT": "0",
    "DATABASE_POOL_SIZE": "8",
}
BOUNDARY = "benchmark"
PARTS_AT_ONCE = 3


def main() -> None:
    with house(**LIMITS) as opened, tempfile.TemporaryDirectory(dir=opened.var) as name:
        folder = Path(name)
        source = make_sound(folder / "file.wav", SIZE_MB)
        key = make_key()
        with bare("bare:taking", folder) as bare_port:
            port, web = start_web(opened)
            for way in WAYS:
                measure(way, port, web, key, bare_port, source)
            opened.ask_to_stop("web")
            with bucket(folder) as bucket_port:
                opened.environment |= bucket_settings(bucket_port)
                port, web = start_web(opened)
                measure("direct", port, web, key, bare_port, source)


def bucket_settings(port: int) -> dict[str, str]:
    """The product keeps its files in this bucket."""
    return {
        "S3_BUCKET": "bench",
        "S3_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "S3_ACCESS_KEY_ID": "bench",
        "S3_SECRET_ACCESS_KEY": "bench",
    }


def measure(way, port, web, key, bare_port, source) -> None:  # type: ignore[no-untyped-def]
    # Once for nothing: what is loaded at the first call is no leak.
    send(way, port, key, make_sound(source.with_name("small.wav"), 2), PeakMemory(web))
    ratios, memory = [], PeakMemory(web)
    for _ in range(ROUNDS):
        # In turns, so that other load on the machine meets both alike.
        bare_s = send("bare", bare_port, key, source, PeakMemory(web))
        ours_s = send(way, port, key, source, memory)
        ratios.append((bare_s / ours_s, ours_s, bare_s))
        _clean()
    ratio, ours_s, bare_s = sorted(ratios)[len(ratios) // 2]
    tell(
        f"upload.{way}",
        mb=SIZE_MB,
        ours_mb_s=SIZE_MB / ours_s,
        bare_mb_s=SIZE_MB / bare_s,
        throughput_ratio=ratio,
        worst_ratio=percentile([each[0] for each in ratios], 0),
        memory_grew_mb=memory.grew_mb,
        target="throughput_ratio >= 0.6, memory_grew_mb <= 32",
        holds=ratio >= 0.6 and memory.grew_mb <= 32,
    )


def _clean() -> None:
    """The disk shall not fill, and the next round shall find it as the first did."""
    from jobs import services
    from jobs.models import Asset, Project

    for project in Project.objects.all():
        services.wipe_project(project)
    assert not Asset.objects.exists()


def send(way: str, port: int, key: str, source: Path, memory: PeakMemory) -> float:
    command = [sys.executable, "-m", "benchmarks.upload", "send", way]
    _, said = timed_while(memory, [*command, str(port), key, str(source)])
    return float(json.loads(said)["seconds"])


def make_sound(path: Path, size_mb: int) -> Path:
    """A real sound file of about this size."""
    block = bytes(range(256)) * 4096
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(48_000)
        for _ in range(size_mb):
            file.writeframesraw(block)
    return path


# The sending side, in a process of its own --------------------------------------------


def send_file(way: str, port: int, key: str, source: Path) -> None:
    if way == "direct":
        _send_parts(port, key, source)
        return
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=1200)
    headers = {"Authorization": f"Bearer {key}"}
    method, path, more, head, tail = _request(way, connection, headers, source)
    size = len(head) + source.stat().st_size + len(tail)
    started = time.monotonic()
    connection.putrequest(method, path)
    for name, value in {**headers, **more, "Content-Length": str(size)}.items():
        connection.putheader(name, value)
    connection.endheaders()
    assert connection.sock
    connection.sock.sendall(head)
    with source.open("rb") as opened:
        connection.sock.sendfile(opened)
    connection.sock.sendall(tail)
    answer = connection.getresponse()
    body = answer.read()
    took = time.monotonic() - started
    if answer.status >= 300:
        raise SystemExit(f"{way}: {answer.status} {body[:300]!r}")
    print(json.dumps({"seconds": took}))


def _send_parts(port: int, key: str, source: Path) -> None:
    """Straight to the bucket, a few parts at once, as its own clients do; the server joins them."""
    import httpx

    headers = {"Authorization": f"Bearer {key}"}
    order = {"filename": source.name, "size_bytes": source.stat().st_size}
    started = time.monotonic()
    with (
        source.open("rb") as opened,
        httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=1200) as client,
        ThreadPoolExecutor(PARTS_AT_ONCE) as senders,
    ):
        begun = client.post("/api/v1/uploads/direct/", json=order, headers=headers)
        begun.raise_for_status()
        address = f"/api/v1/uploads/direct/{begun.json()['id']}/"
        parts, part_size = begun.json()["parts"], begun.json()["part_size_bytes"]

        def put(part: dict[str, Any]) -> None:
            start = (part["number"] - 1) * part_size
            body = os.pread(opened.fileno(), part["size_bytes"], start)
            client.put(part["url"], content=body).raise_for_status()

        while parts:
            list(senders.map(put, parts))
            parts = client.get(address, headers=headers).json()["parts"]
        done = client.post(f"{address}complete/", headers=headers)
    if done.status_code != 201:
        raise SystemExit(f"direct: {done.status_code} {done.text[:300]}")
    print(json.dumps({"seconds": time.monotonic() - started}))


def _request(
    way: str,
    connection: http.client.HTTPConnection,
    headers: dict[str, str],
    source: Path,
) -> tuple[str, str, dict[str, str], bytes, bytes]:
    if way == "bare":
        return "PUT", "/?sync", {}, b"", b""
    if way == "raw":
        return "PUT", "/api/v1/projects/bench/assets/file.wav", {}, b"", b""
    if way == "form":
        head = (
            f"--{BOUNDARY}\r\nContent-Disposition: form-data; "
            'name="file"; filename="file.wav"\r\n\r\n'
        )
        kind = f"multipart/form-data; boundary={BOUNDARY}"
        path = "/api/v1/projects/bench/assets/"
        tail = f"\r\n--{BOUNDARY}--\r\n"
        return "POST", path, {"Content-Type": kind}, head.encode(), tail.encode()
    tus = {"Tus-Resumable": "1.0.0"}
    length = {"Upload-Length": str(source.stat().st_size)}
    connection.request("POST", "/api/v1/uploads/", headers={**headers, **tus, **length})
    created = connection.getresponse()
    created.read()
    kind = "application/offset+octet-stream"
    more = {**tus, "Content-Type": kind, "Upload-Offset": "0"}
    return "PATCH", str(created.headers["Location"]), more, b"", b""


if __name__ == "__main__":
    if sys.argv[1:2] == ["send"]:
        send_file(sys.argv[2], int(sys.argv[3]), sys.argv[4], Path(sys.argv[5]))
    else:
        main()
