"""One GiB out, whole and in a range, beside a bare ASGI application that sends the same file."""

import json
import sys
import tempfile
import time
from pathlib import Path

import psutil

from benchmarks.doors import PeakMemory, bare, make_key, start_web, timed_while
from benchmarks.houses import house, tell
from benchmarks.upload import LIMITS, SIZE_MB, make_sound, send

ROUNDS = 3


def main() -> None:
    with house(**LIMITS) as opened, tempfile.TemporaryDirectory(dir=opened.var) as name:
        folder = Path(name)
        source = make_sound(folder / "file.wav", SIZE_MB)
        port, web = start_web(opened)
        key = make_key()
        send("raw", port, key, source, PeakMemory(web))
        with bare("bare:giving", folder) as bare_port:
            for way in ("whole", "range"):
                measure(way, port, web, key, bare_port)


def measure(way: str, port: int, web: psutil.Process, key: str, bare_port: int) -> None:
    from jobs.models import Asset
    from jobs.snapshots import asset_url

    asset = Asset.objects.get()
    fetch(port, asset_url(asset), key, "range", PeakMemory(web))
    memory = PeakMemory(web)
    pairs = []
    for _ in range(ROUNDS):
        bare_s = fetch(bare_port, "/", key, "whole", PeakMemory(web))
        ours_s = fetch(port, asset_url(asset), key, way, memory)
        pairs.append((bare_s / ours_s, ours_s, bare_s))
    ratio, ours_s, bare_s = sorted(pairs)[len(pairs) // 2]
    tell(
        f"download.{way}",
        mb=SIZE_MB,
        ours_mb_s=SIZE_MB / ours_s,
        bare_mb_s=SIZE_MB / bare_s,
        throughput_ratio=ratio,
        memory_grew_mb=memory.grew_mb,
        target="throughput_ratio >= 0.6, memory flat",
        holds=ratio >= 0.6 and memory.grew_mb <= 32,
    )


def fetch(port: int, path: str, key: str, way: str, memory: PeakMemory) -> float:
    command = [sys.executable, "-m", "benchmarks.download", "fetch", way]
    _, said = timed_while(memory, [*command, str(port), path, key])
    return float(json.loads(said)["seconds"])


def fetch_file(way: str, port: int, path: str, key: str) -> None:
    import http.client

    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=1200)
    headers = {"Authorization": f"Bearer {key}"}
    if way == "range":
        headers["Range"] = "bytes=1-"
    started = time.monotonic()
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()
    size, buffer = 0, bytearray(2**20)
    while count := answer.readinto(buffer):
        size += count
    took = time.monotonic() - started
    if size < SIZE_MB * 2**20 - 1:
        raise SystemExit(f"{answer.status}: only {size} bytes came")
    print(json.dumps({"seconds": took}))


if __name__ == "__main__":
    if sys.argv[1:2] == ["fetch"]:
        fetch_file(sys.argv[2], int(sys.argv[3]), sys.argv[4], sys.argv[5])
    else:
        main()
