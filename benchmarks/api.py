"""Requests a second of job detail and job submit, beside bare views with one query or insert."""

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx

from benchmarks.doors import answers, free_port, make_key, start_web
from benchmarks.houses import house, tell
from tests.house import BASE, House, wait_for

SECONDS = 5.0
ROUNDS = 3
CLIENTS = 4
Call = Callable[[httpx.Client], httpx.Response]


def main() -> None:
    with house(DATABASE_POOL_SIZE="8") as opened, bare_views(opened) as bare:
        run(opened, f"http://127.0.0.1:{bare}")


def run(opened: House, bare: str) -> None:
    from django.contrib.auth.models import User

    from jobs import services
    from jobs.services import JobOrder

    port, _ = start_web(opened)
    base, key = f"http://127.0.0.1:{port}", make_key()
    owner = User.objects.get(username="owner")
    job = services.submit(owner, JobOrder(pipeline="tiny", project="p"))
    order = {"pipeline": "tiny", "project": "p"}
    batch = {"owner": owner.pk, "name": "b"}
    compare(
        "api.detail",
        lambda c: c.get(f"{base}/api/v1/jobs/{job.pk}/"),
        lambda c: c.get(f"{bare}/jobs/{job.pk}/"),
        key,
        least=0.5,
    )
    compare(
        "api.submit",
        lambda c: c.post(f"{base}/api/v1/jobs/", json=order),
        lambda c: c.post(f"{bare}/batches/", json=batch),
        key,
        least=0.35,
    )


def compare(name: str, ours: Call, bare: Call, key: str, *, least: float) -> None:
    pairs = []
    for _ in range(ROUNDS):
        # In turns, so that other load on the machine meets both alike.
        bare_rate, our_rate = rate(bare, key), rate(ours, key)
        pairs.append((our_rate / bare_rate, our_rate, bare_rate))
    ratio, our_rate, bare_rate = sorted(pairs)[len(pairs) // 2]
    tell(
        name,
        ours_a_second=our_rate,
        bare_a_second=bare_rate,
        ratio=ratio,
        target=f"ratio >= {least}",
        holds=ratio >= least,
    )


def rate(call: Call, key: str) -> float:
    """How many calls a second a few clients get answered."""
    counts = [0] * CLIENTS
    until = time.monotonic() + SECONDS

    def work(number: int) -> None:
        headers = {"Authorization": f"Bearer {key}"}
        with httpx.Client(headers=headers, timeout=60) as client:
            while time.monotonic() < until:
                answer = call(client)
                assert answer.status_code in (200, 201), answer.text[:300]
                counts[number] += 1

    threads = [threading.Thread(target=work, args=[n]) for n in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / SECONDS


@contextmanager
def bare_views(opened: House) -> Iterator[int]:
    port = free_port()
    command = [
        sys.executable,
        *("-m", "uvicorn", "benchmarks.bare_views:bare", "--port", str(port)),
        *("--log-level", "warning", "--lifespan", "off"),
    ]
    environment = {
        **opened.environment,
        "DJANGO_SETTINGS_MODULE": "benchmarks.bare_settings",
    }
    with subprocess.Popen(command, cwd=BASE, env=environment) as process:
        try:
            wait_for(lambda: answers(port, "/ready"), "the bare views", seconds=120)
            yield port
        finally:
            process.terminate()


if __name__ == "__main__":
    main()
