"""What the supervisor promises, tried on small programs."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from mediaforge import supervisor
from mediaforge.supervisor import Child, Supervisor, end_leftovers

STUBBORN = """
import pathlib, signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
pathlib.Path("{deaf}").touch()
time.sleep(99)
"""
PARENT = """
import signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(99)"])
time.sleep(99)
"""


@pytest.fixture(autouse=True)
def _own_signals() -> Iterator[None]:
    kept = {
        number: signal.getsignal(number)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD)
    }
    yield
    signal.set_wakeup_fd(-1)
    for number, handler in kept.items():
        signal.signal(number, handler)


def child(code: str) -> Child:
    return Child(name="small", command=(sys.executable, "-c", code))


def eventually(holds: Callable[[], object]) -> bool:
    deadline = time.monotonic() + 30
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def when(holds: Callable[[], bool], act: Callable[[], None]) -> threading.Thread:
    """Act from beside, once the condition holds."""

    def watch() -> None:
        eventually(holds)
        act()

    thread = threading.Thread(target=watch)
    thread.start()
    return thread


def stop_ourselves() -> None:
    os.kill(os.getpid(), signal.SIGTERM)


def test_what_falls_is_started_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "FIRST_PAUSE_SECONDS", 0.01)
    faller = child("raise SystemExit(3)")
    keeper = Supervisor([faller], [], roll=tmp_path / "roll")
    keeper.listen_for_signals()
    watcher = when(lambda: faller.falls >= 3, stop_ourselves)

    keeper.run(on_start=lambda: True)
    keeper.stop()

    watcher.join()
    assert faller.falls >= 3


def test_what_does_not_end_when_asked_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "GRACE_SECONDS", 0.3)
    deaf = tmp_path / "deaf"
    stubborn = child(STUBBORN.format(deaf=deaf))
    keeper = Supervisor([stubborn], [], roll=tmp_path / "roll")
    stubborn.start()
    assert eventually(deaf.exists)

    keeper.stop()

    assert stubborn.process is not None
    assert stubborn.process.returncode == -signal.SIGKILL


def test_the_children_of_what_is_killed_go_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parent = child(PARENT)
    monkeypatch.setattr(supervisor, "GRACE_SECONDS", 0.3)
    keeper = Supervisor([parent], [], roll=tmp_path / "roll")
    parent.start()
    assert parent.process is not None
    grandchildren = _children_of(parent.process.pid)

    keeper.stop()

    assert not any(p.is_running() for p in grandchildren)


def test_the_next_start_ends_what_a_killed_one_left(tmp_path: Path) -> None:
    left = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(99)"])
    created = psutil.Process(left.pid).create_time()
    roll = tmp_path / "roll"
    roll.write_text(json.dumps([{"pid": left.pid, "created": created}]))

    end_leftovers(roll)

    # Its end was waited for in there, and its code went with it.
    assert left.wait(timeout=5) is not None
    assert not roll.exists()


def test_a_number_that_another_process_has_by_now_is_left_alone(tmp_path: Path) -> None:
    roll = tmp_path / "roll"
    roll.write_text(json.dumps([{"pid": os.getpid(), "created": 1.0}]))

    end_leftovers(roll)

    assert not roll.exists()


def test_a_torn_roll_is_no_obstacle(tmp_path: Path) -> None:
    roll = tmp_path / "roll"
    roll.write_text('[{"pid": 1')

    end_leftovers(roll)

    assert not roll.exists()


def _children_of(pid: int) -> list[psutil.Process]:
    assert eventually(psutil.Process(pid).children)
    return list(psutil.Process(pid).children())
