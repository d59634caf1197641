"""Keeps a set of processes running, and ends them all when it ends."""

import json
import os
import select
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import psutil
import structlog

from mediaforge.embedded.process import die_with_parent

# The time that web server, dispatcher and workers have to hand back what they hold; with
# what the servers may take after them, all are down within 10 s.
GRACE_SECONDS = 5.0
# After this long without a fall, a process's next fall is forgiven as its first.
STEADY_SECONDS = 30.0
FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 10.0

log = structlog.get_logger(__name__)


class Server(Protocol):
    """A database or broker of our own."""

    def start(self) -> None: ...

    def stop(self) -> None: ...

    def running(self) -> bool: ...


@dataclass(kw_only=True)
class Child:
    """One process that is to run, and how it has fared."""

    name: str
    command: Sequence[str]
    environment: dict[str, str] = field(default_factory=dict)
    pass_fds: Sequence[int] = ()
    process: subprocess.Popen[bytes] | None = None
    falls: int = 0
    started_at: float = 0.0
    start_after: float = 0.0

    def start(self) -> None:
        self.started_at = time.monotonic()
        self.process = subprocess.Popen(
            self.command,
            env=os.environ | self.environment,
            stdin=subprocess.DEVNULL,
            pass_fds=self.pass_fds,
            # Ctrl-C is for the supervisor, who then asks each of them.
            process_group=0,
            preexec_fn=_end_with_supervisor,  # noqa: PLW1509  one system call
        )

    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def fell(self) -> None:
        """Note that it ended unasked, and when it may start again."""
        now = time.monotonic()
        steady = now - self.started_at > STEADY_SECONDS
        self.falls = 1 if steady else self.falls + 1
        pause = min(FIRST_PAUSE_SECONDS * 2 ** (self.falls - 1), LONGEST_PAUSE_SECONDS)
        self.start_after = now + pause
        ended = self.process.returncode if self.process else None
        log.error(
            "process ended, starting it again", name=self.name, code=ended, in_s=pause
        )
        self.process = None


class Supervisor:
    """Runs in the main thread: what it starts ends with that thread."""

    def __init__(
        self, children: Sequence[Child], servers: Sequence[Server], *, roll: Path
    ) -> None:
        self.children = children
        self.servers = servers
        self._roll = roll
        self._stops = 0
        self._bell, self._ringer = socket.socketpair()
        for end in (self._bell, self._ringer):
            end.setblocking(False)

    def listen_for_signals(self) -> None:
        signal.set_wakeup_fd(self._ringer.fileno(), warn_on_full_buffer=False)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._asked_to_stop)
        # Without a handler a child's end would not ring.
        signal.signal(signal.SIGCHLD, lambda *_: None)

    @property
    def stopping(self) -> bool:
        return self._stops > 0

    def run(self, *, on_start: Callable[[], bool]) -> None:
        """Start everything and keep it running until asked to stop.

        `on_start` is asked again and again until it says that all has come up.
        """
        up = False
        while not self.stopping:
            self._keep_running()
            up = up or on_start()
            self._wait(1.0 if up else 0.1)

    def stop(self) -> None:
        """End the children within their grace, then the servers that they used."""
        self._signal_all(signal.SIGTERM)
        deadline = time.monotonic() + GRACE_SECONDS
        asked = self._stops
        while self._running() and time.monotonic() < deadline:
            self._wait(0.05)
            # Asked again means: now.
            if self._stops > asked:
                break
        self._kill_rest()
        for server in self.servers:
            server.stop()
        self._roll.unlink(missing_ok=True)
        signal.set_wakeup_fd(-1)
        self._bell.close()
        self._ringer.close()

    def _keep_running(self) -> None:
        for server in self.servers:
            if not server.running():
                log.error("server ended, starting it again", name=type(server).__name__)
                server.start()
        changed = False
        for child in self.children:
            if child.process is not None and not child.running():
                child.fell()
            if child.process is None and time.monotonic() >= child.start_after:
                child.start()
                changed = True
        if changed:
            self._write_roll()

    def _write_roll(self) -> None:
        """Leave the numbers behind for a next start, should this one be killed."""
        roll = [
            {"pid": p.pid, "created": p.create_time()}
            for p in map(_alive, self._running())
            if p is not None
        ]
        self._roll.write_text(json.dumps(roll))

    def _running(self) -> list[int]:
        return [c.process.pid for c in self.children if c.process and c.running()]

    def _signal_all(self, number: signal.Signals) -> None:
        for child in self.children:
            if child.process and child.running():
                child.process.send_signal(number)

    def _kill_rest(self) -> None:
        """Kill what outlived its grace, with all that it started."""
        roots = self._running()
        for child in self.children:
            if child.running():
                log.warning("process did not end in time, killing it", name=child.name)
        killed = kill_trees([p for p in map(_alive, roots) if p is not None])
        for child in self.children:
            if child.process:
                child.process.wait()
        psutil.wait_procs([p for p in killed if p.pid not in roots], timeout=2)

    def _wait(self, seconds: float) -> None:
        ready, _, _ = select.select([self._bell], [], [], seconds)
        if ready:
            with suppress(BlockingIOError):
                self._bell.recv(4096)

    def _asked_to_stop(self, *_: object) -> None:
        self._stops += 1


def end_leftovers(roll: Path) -> None:
    """Kill what a supervisor that was killed has left running."""
    if not roll.exists():
        return
    left = []
    with suppress(ValueError):
        for entry in json.loads(roll.read_text()):
            process = _alive(entry["pid"])
            # A number that another process has by now is not ours to kill.
            if process and process.create_time() == entry["created"]:
                left.append(process)
    psutil.wait_procs(kill_trees(left), timeout=5)
    roll.unlink()


def kill_trees(roots: Sequence[psutil.Process]) -> list[psutil.Process]:
    """Kill these and all that they started; answers with everyone who was told."""
    everyone = list(roots)
    for root in roots:
        with suppress(psutil.NoSuchProcess):
            everyone += root.children(recursive=True)
    for process in everyone:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    return everyone


def _alive(pid: int) -> psutil.Process | None:
    with suppress(psutil.NoSuchProcess):
        return psutil.Process(pid)
    return None


def _end_with_supervisor() -> None:
    die_with_parent(signal.SIGKILL)
