"""What the benchmarks of the doors share: a web server with a key, and a bare one beside it."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil

from mediaforge.preflight import listen
from tests.house import House, wait_for

MEBIBYTE = 2**20


def free_port() -> int:
    with listen("127.0.0.1", 0) as found:
        return int(found.getsockname()[1])


def answers(port: int, path: str = "/info") -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}{path}").status_code == 200
    except httpx.HTTPError:
        return False


def start_web(opened: House) -> tuple[int, psutil.Process]:
    """The product's web server; its port and its process."""
    port = free_port()
    opened.start_web(port)
    wait_for(lambda: answers(port), "the web server answers", seconds=120)
    return port, psutil.Process(opened.pid("web"))


def make_key(username: str = "owner") -> str:
    from django.contrib.auth.models import User

    from jobs import keys
    from jobs.models import ApiKey

    owner, _ = User.objects.get_or_create(username=username)
    return keys.create_key(owner, "benchmark", list(ApiKey.Scope))[1]


@contextmanager
def bare(application: str, folder: Path) -> Iterator[int]:
    """A bare ASGI application of the benchmarks under the same server; its port."""
    port = free_port()
    options = ("--port", str(port), "--log-level", "warning", "--lifespan", "off")
    with _serving(("uvicorn", f"benchmarks.{application}", *options), folder, port):
        yield port


@contextmanager
def bucket(folder: Path) -> Iterator[int]:
    """A bucket in this folder; its port."""
    port = free_port()
    with _serving(("benchmarks.bucket", str(port), str(folder)), folder, port):
        yield port


@contextmanager
def _serving(module: tuple[str, ...], folder: Path, port: int) -> Iterator[None]:
    command = [sys.executable, "-m", *module]
    with subprocess.Popen(command, cwd=Path.cwd(), env=_environment(folder)) as process:
        try:
            wait_for(lambda: answers(port, "/ready"), "the bare server", seconds=60)
            yield
        finally:
            process.terminate()


def _environment(folder: Path) -> dict[str, str]:
    import os

    return {**os.environ, "BENCHMARK_FOLDER": str(folder)}


class PeakMemory:
    """The most that a process has held since this began, over what it held then."""

    def __init__(self, process: psutil.Process) -> None:
        self._process = process
        self._start = self._most = process.memory_info().rss

    def look(self) -> None:
        self._most = max(self._most, self._process.memory_info().rss)

    @property
    def grew_mb(self) -> float:
        return (self._most - self._start) / MEBIBYTE


def timed_while(memory: PeakMemory, command: list[str]) -> tuple[float, str]:
    """Run a client to its end, watching the server's memory; its time and its words."""
    started = time.monotonic()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as client:
        while client.poll() is None:
            memory.look()
            time.sleep(0.02)
        took = time.monotonic() - started
        assert client.stdout
        said = client.stdout.read()
    if client.returncode:
        raise SystemExit(f"{command[:4]} failed: {said}")
    return took, said
