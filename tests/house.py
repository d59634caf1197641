"""A whole MediaForge of one's own, in real processes that may be killed: for fault tests and benchmarks."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from mediaforge import embedded
from mediaforge.embedded.process import die_with_parent

BASE = Path(__file__).resolve().parent.parent
SETTINGS = "tests.tiny.settings"


class TooLateError(AssertionError):
    """Something that should have happened did not."""


def wait_for(happened: Callable[[], bool], what: str, *, seconds: float = 120) -> float:
    """Look again and again; answers with how long it took. The limit is for hopeless cases."""
    started = time.monotonic()
    while not happened():
        if time.monotonic() - started > seconds:
            raise TooLateError(f"{what}: not within {seconds:g} s")
        time.sleep(0.02)
    return time.monotonic() - started


@dataclass
class House:
    """Servers, and processes by the name of what they do."""

    var: Path
    servers: embedded.Servers
    environment: dict[str, str]
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(self, name: str, *command: str, **environment: str) -> None:
        """Start a command of manage.py, its words going to a log file."""
        log = self.var / "logs" / f"{name}.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as sink:
            self.processes[name] = subprocess.Popen(
                [sys.executable, *command],
                cwd=BASE,
                env=self.environment | environment,
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=sink,
                preexec_fn=_end_with_us,  # noqa: PLW1509  one system call
            )

    def start_worker(self, name: str = "worker-1", **environment: str) -> None:
        self.start(name, "manage.py", "worker", **environment)

    def start_dispatcher(self, name: str = "dispatcher-1") -> None:
        self.start(name, "manage.py", "dispatcher")

    def start_web(self, port: int, name: str = "web", **environment: str) -> None:
        arguments = ("--host", "127.0.0.1", "--port", str(port), "--log-level=warning")
        command = ("-m", "uvicorn", "mediaforge.asgi:application", *arguments)
        self.start(name, *command, **environment)

    def manage(self, *arguments: str) -> None:
        command = [sys.executable, "manage.py", *arguments]
        subprocess.run(command, cwd=BASE, env=self.environment, check=True)

    def pid(self, name: str) -> int:
        return self.processes[name].pid

    def horse(self, name: str) -> psutil.Process | None:
        """The work horse that this worker has out just now."""
        with suppress(psutil.NoSuchProcess):
            return next(iter(psutil.Process(self.pid(name)).children()), None)
        return None

    def kill(self, name: str) -> None:
        process = self.processes.pop(name)
        process.kill()
        process.wait()

    def ask_to_stop(self, name: str, *, seconds: float = 10) -> float:
        """SIGTERM; answers with how long the process took to end."""
        process = self.processes.pop(name)
        started = time.monotonic()
        process.terminate()
        process.wait(timeout=seconds)
        return time.monotonic() - started

    def log(self, name: str) -> str:
        return (self.var / "logs" / f"{name}.log").read_text(errors="replace")

    def own_processes(self) -> list[psutil.Process]:
        """Whatever runs with this house's folder in its environment, servers aside."""
        found = []
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                if process.environ().get("MEDIAFORGE_VAR") == str(self.var):
                    found.append(process)
        mine = {os.getpid(), *(p for p in self._server_pids() if p)}
        return [p for p in found if not mine & {p.pid, p.ppid()}]

    def _server_pids(self) -> list[int | None]:
        return [self.servers.postgres.pid, self.servers.redis.pid]

    def close(self) -> None:
        for process in self.processes.values():
            process.terminate()
        for process in self.processes.values():
            with suppress(subprocess.TimeoutExpired):
                process.wait(timeout=8)
            process.kill()
            process.wait()
        self.processes.clear()
        self.servers.stop()


def _end_with_us() -> None:
    die_with_parent(signal.SIGKILL)


def environment_of(var: Path) -> dict[str, str]:
    """No key or address of the developer's own reaches these processes."""
    example = (BASE / ".env.example").read_text().splitlines()
    known = {line.partition("=")[0].removeprefix("# ") for line in example}
    kept = {name: value for name, value in os.environ.items() if name not in known}
    return kept | {
        "MEDIAFORGE_VAR": str(var),
        "MEDIAFORGE_ENV_FILE": os.devnull,
        "DJANGO_SETTINGS_MODULE": SETTINGS,
        "LEASE_SECONDS": "4",
        "CANCEL_GRACE_SECONDS": "2",
        # Faults meet horses that stand by, too, and tests see them come home.
        "HORSE_STANDBY_SECONDS": "0.5",
        "MAX_QUEUE_SIZE": "1000000",
        "OWNER_RUNNING_LIMIT": "0",
        "JOB_RETRY_DELAY_SECONDS": "0.2",
        "POLLING_INITIAL_DELAY": "0.3",
        "RATE_LIMIT": "100000/second",
    }


@contextmanager
def open_house(
    var: Path, *, durable: bool = False, **environment: str
) -> Iterator[House]:
    """Servers with an empty, migrated database; no process yet."""
    servers = embedded.start(var, durable=durable)
    house = House(
        var=var, servers=servers, environment=environment_of(var) | environment
    )
    try:
        house.manage("migrate", "--verbosity=0")
        yield house
    finally:
        house.close()


def enter(house: House) -> None:
    """Make this process's Django that of the house; before anything of Django is used."""
    import django

    os.environ.update(house.environment)
    django.setup()
