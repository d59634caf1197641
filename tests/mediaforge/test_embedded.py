"""The embedded servers outlive what kills servers."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import psycopg
import redis

from mediaforge import embedded, places

STARTED_AND_KILLED = """
import os, signal, sys
from pathlib import Path
from mediaforge import embedded
servers = embedded.start(Path(sys.argv[1]), durable=False)
print(servers.postgres.pid, servers.redis.pid, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def answers(servers: embedded.Servers) -> bool:
    with psycopg.connect(servers.database_url) as connection:
        row = connection.execute("SELECT 1").fetchone()
    with redis.Redis.from_url(servers.redis_url) as client:
        return row == (1,) and bool(client.ping())


def test_both_answer_and_keep_what_they_were_told(tmp_path: Path) -> None:
    with embedded.start(tmp_path) as servers:
        with psycopg.connect(servers.database_url) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 7 AS n")
        with redis.Redis.from_url(servers.redis_url) as client:
            client.set("kept", "8")

    with embedded.start(tmp_path) as servers:
        with psycopg.connect(servers.database_url) as connection:
            assert connection.execute("SELECT n FROM kept").fetchone() == (7,)
        with redis.Redis.from_url(servers.redis_url) as client:
            assert client.get("kept") == b"8"


def test_they_end_with_the_process_that_started_them(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", STARTED_AND_KILLED, tmp_path],
        capture_output=True,
        text=True,
        check=False,
        cwd=places.BASE,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    left = [
        psutil.Process(int(p)) for p in done.stdout.split() if psutil.pid_exists(int(p))
    ]

    _, alive = psutil.wait_procs(left, timeout=5)
    assert alive == []


def test_servers_that_were_killed_start_again(tmp_path: Path) -> None:
    servers = embedded.start(tmp_path)
    for pid in (servers.postgres.pid, servers.redis.pid):
        assert pid is not None
        os.kill(pid, signal.SIGKILL)

    # Not reaped yet: their numbers are still taken, as those of zombies.
    with embedded.start(tmp_path) as again:
        assert answers(again)
    servers.stop()


def test_a_stale_pid_file_with_a_living_number_is_no_server(tmp_path: Path) -> None:
    embedded.start(tmp_path).stop()
    (tmp_path / "postgres" / "postmaster.pid").write_text(f"{os.getpid()}\n")
    (tmp_path / "run" / "redis.pid").write_text(f"{os.getpid()}\n")

    with embedded.start(tmp_path) as servers:
        assert answers(servers)


def test_redis_that_cannot_read_its_file_starts_empty(tmp_path: Path) -> None:
    embedded.start(tmp_path).stop()
    (tmp_path / "redis" / "appendonly.aof").write_bytes(b"nonsense\r\n" * 9)

    with embedded.start(tmp_path) as servers:
        assert answers(servers)
    assert list(tmp_path.glob("redis.broken-*"))


def test_a_deep_folder_is_no_obstacle(tmp_path: Path) -> None:
    with embedded.start(tmp_path / ("deep" * 30), durable=False) as servers:
        assert answers(servers)


def test_the_folders_above_may_be_closed_to_others(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)

    with embedded.start(closed / "var", durable=False) as servers:
        assert answers(servers)
