"""`make run`'s command, end to end: up, down, again, and after every kind of death."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

from mediaforge import places

Start = Callable[[Path, int], "Stack"]

# Only the patience of a test on a busy machine.
UP_SECONDS = 300
DOWN_SECONDS = 10


@dataclass(frozen=True, kw_only=True)
class Stack:
    """One stack's folder, port and process."""

    var: Path
    port: int
    process: subprocess.Popen[bytes]
    log: Path

    def said(self) -> str:
        return self.log.read_text()

    def get(self, path: str) -> dict[str, Any]:
        url = f"http://127.0.0.1:{self.port}{path}"
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                return dict(json.load(answer))
        except urllib.error.HTTPError as error:
            return dict(json.load(error))

    def health(self) -> dict[str, Any]:
        try:
            return self.get("/health")
        except OSError:
            return {"status": "silent", "checks": {}}

    def is_gone(self) -> bool:
        return self.all_processes() == []

    def all_processes(self) -> list[psutil.Process]:
        """Everything that was started for this folder, whoever its parent is by now."""
        found = []
        for process in psutil.process_iter():
            try:
                if process.environ().get("MEDIAFORGE_VAR") == str(self.var):
                    found.append(process)
            except psutil.Error:
                continue
        return found


@pytest.fixture
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[[Path, int], Stack]]:
    """Starts stacks, and sees to it that none outlives its test."""
    started: list[Stack] = []

    def start_one(var: Path, port: int) -> Stack:
        log = tmp_path / f"said-{len(started)}"
        environment = {
            "MEDIAFORGE_VAR": str(var),
            "PORT": str(port),
            "WORKER_CONCURRENCY": "1",
            "DJANGO_SETTINGS_MODULE": "mediaforge.settings",
        }
        with log.open("wb") as sink:
            process = subprocess.Popen(
                [sys.executable, "manage.py", "stack"],
                cwd=places.BASE,
                env=os.environ | environment,
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=sink,
            )
        started.append(Stack(var=var, port=port, process=process, log=log))
        return started[-1]

    yield start_one
    for stack in started:
        stack.process.kill()
        stack.process.wait()
        assert eventually(stack.is_gone, seconds=DOWN_SECONDS)


def eventually(holds: Callable[[], bool], *, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


def comes_up(stack: Stack) -> bool:
    return eventually(
        lambda: (
            stack.process.poll() is not None or stack.health()["status"] == "healthy"
        ),
        seconds=UP_SECONDS,
    )


def workers_of(stack: Stack) -> set[int]:
    found = set()
    for process in stack.all_processes():
        with suppress(psutil.Error):
            if process.cmdline()[-1:] == ["worker"]:
                found.add(process.pid)
    return found


def test_it_lives_through_what_happens_to_it(
    start: Start, tmp_path: Path, port: int
) -> None:
    stack = start(tmp_path / "var", port)
    assert comes_up(stack), stack.said()
    first_run = stack.var / "first-run.json"
    known = json.loads(first_run.read_text())
    assert known.keys() == {"url", "username", "password", "api_key"}
    assert known["url"] == f"http://127.0.0.1:{port}"
    assert first_run.stat().st_mode & 0o777 == 0o600
    assert stack.said().count(known["api_key"]) == 1

    # A worker falls, and is raised.
    (worker,) = workers_of(stack)
    os.kill(worker, signal.SIGKILL)
    assert eventually(lambda: workers_of(stack) - {worker} != set(), seconds=UP_SECONDS)

    # Somebody starts it twice.
    second = start(stack.var, port)
    assert second.process.wait(timeout=UP_SECONDS) == 1
    assert "already running" in second.said()
    assert second.said().count("\n") == 1

    # The supervisor is killed: nobody outlives it, and a next one picks up.
    stack.process.kill()
    stack.process.wait()
    again = start(stack.var, port)
    assert comes_up(again), again.said()
    assert json.loads(first_run.read_text()) == known
    assert "password" not in again.said()

    # Asked to end, all are gone in time.
    again.process.send_signal(signal.SIGTERM)
    assert again.process.wait(timeout=DOWN_SECONDS) == 0
    assert again.is_gone()


def test_a_busy_port_gets_one_line(start: Start, tmp_path: Path) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        taken = int(holder.getsockname()[1])

        turned_away = start(tmp_path / "var", taken)
        assert turned_away.process.wait(timeout=UP_SECONDS) == 1

    said = turned_away.said()
    assert said.startswith(f"Cannot listen on 127.0.0.1:{taken}")
    assert said.count("\n") == 1


def test_a_folder_that_cannot_be_made_gets_one_line(
    start: Start, tmp_path: Path, port: int
) -> None:
    (tmp_path / "file").touch()

    turned_away = start(tmp_path / "file" / "var", port)

    assert turned_away.process.wait(timeout=UP_SECONDS) == 1
    said = turned_away.said()
    assert "cannot be made" in said
    assert said.count("\n") == 1
