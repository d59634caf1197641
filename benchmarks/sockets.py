"""From a worker's report to 500 sockets on one server process, with one reader that never reads."""

import asyncio
import json
import re
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from itertools import cycle

import psutil

from benchmarks.houses import house, percentile, resident_mb, tell
from mediaforge.preflight import listen
from tests.house import House, wait_for

SOCKETS = 500
JOBS = 25
# As often as the runtime lets a stage report.
REPORTS_A_SECOND = 4
SECONDS = 20
STARTED = re.compile(r'"message":"(\d+\.\d+)"')
TARGET_MS = 150


def main() -> None:
    with house(DATABASE_POOL_SIZE="16") as opened:
        run(opened)


def run(opened: House) -> None:
    from jobs import services
    from jobs.models import Job

    port, key, jobs = prepare(opened)
    web = psutil.Process(opened.pid("web"))
    before_mb = resident_mb(web)
    listeners = start_listeners(port, key, [str(job.pk) for job in jobs])
    assert listeners.stdout
    assert listeners.stdout.readline().strip() == "connected"
    report_for_a_while(jobs)
    for job in Job.objects.filter(pk__in=[job.pk for job in jobs]):
        services.cancel(job)
    heard = json.loads(listeners.stdout.readline())
    listeners.wait(timeout=30)
    p95_ms = percentile(heard["delays_ms"], 0.95)
    tell(
        "sockets",
        sockets=SOCKETS,
        jobs=JOBS,
        reports_a_second=JOBS * REPORTS_A_SECOND,
        messages=len(heard["delays_ms"]),
        p50_ms=percentile(heard["delays_ms"], 0.5),
        p95_ms=p95_ms,
        p99_ms=percentile(heard["delays_ms"], 0.99),
        ends=heard["ends"],
        slow_readers=1,
        web_grew_mb=resident_mb(web) - before_mb,
        target=f"p95_ms <= {TARGET_MS}, an end for each socket",
        holds=p95_ms <= TARGET_MS and heard["ends"] == SOCKETS,
    )


def prepare(opened: House) -> tuple[int, str, list]:  # type: ignore[type-arg]  # of jobs
    """A web server, a key, and jobs that have just been claimed."""
    from django.contrib.auth.models import User

    from jobs import keys, services
    from jobs.services import JobOrder

    port = free_port()
    opened.start_web(port)
    owner = User.objects.create_user("owner")
    _, key = keys.create_key(owner, "sockets")
    order = JobOrder(pipeline="tiny", project="bench")
    jobs = [services.submit(owner, order) for _ in range(JOBS)]
    wait_for(lambda: answers(port), "the web server answers", seconds=90)
    return port, key, jobs


def report_for_a_while(jobs: list) -> None:  # type: ignore[type-arg]
    """Report as workers do, each stage at its full rate, saying when."""
    from jobs import presence
    from jobs.models import Worker
    from jobs.pipeline import Queue
    from jobs.runtime import claiming
    from jobs.runtime.claiming import Claimant
    from jobs.runtime.recorder import StageRecorder

    row = presence.announce(Worker.Duty.WORKER, list(Queue))
    claimant = Claimant(worker_id=row.pk, queues=tuple(Queue))
    claimed = [claiming.claim_next(claimant) for _ in jobs]
    recorders = [StageRecorder(each) for each in claimed if each]
    gap = 1 / (REPORTS_A_SECOND * len(recorders))
    started = due = time.monotonic()
    for recorder in cycle(recorders):
        done = (time.monotonic() - started) / SECONDS
        if done >= 1:
            return
        recorder.report(done, f"{time.time():.6f}")
        due += gap
        time.sleep(max(0, due - time.monotonic()))


def free_port() -> int:
    with listen("127.0.0.1", 0) as found:
        return int(found.getsockname()[1])


def answers(port: int) -> bool:
    import httpx

    try:
        return httpx.get(f"http://127.0.0.1:{port}/info").status_code == 200
    except httpx.HTTPError:
        return False


# The listening side, in a process of its own ------------------------------------------


def start_listeners(port: int, key: str, job_ids: list[str]) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "benchmarks.sockets", "listen", str(port), key]
    return subprocess.Popen([*command, *job_ids], stdout=subprocess.PIPE, text=True)


@dataclass
class Heard:
    delays_ms: list[float]
    ends: int = 0


async def listen_all(port: int, key: str, job_ids: list[str]) -> None:
    heard = Heard(delays_ms=[])
    ready = asyncio.Semaphore(0)
    following = [
        asyncio.create_task(follow(port, key, job_id, heard, ready))
        for job_id, _ in zip(cycle(job_ids), range(SOCKETS), strict=False)
    ]
    slow = asyncio.create_task(never_read(port, key, job_ids[0]))
    for _ in following:
        await ready.acquire()
    print("connected", flush=True)
    with suppress(TimeoutError):
        await asyncio.wait_for(asyncio.gather(*following), SECONDS + 60)
    slow.cancel()
    print(json.dumps({"delays_ms": heard.delays_ms, "ends": heard.ends}), flush=True)


async def follow(
    port: int, key: str, job_id: str, heard: Heard, ready: asyncio.Semaphore
) -> None:
    from websockets.asyncio.client import connect

    async with connect(
        f"ws://127.0.0.1:{port}/ws/jobs/{job_id}/",
        additional_headers={"Authorization": f"Bearer {key}"},
        compression=None,
        open_timeout=120,
    ) as socket:
        first = True
        async for text in socket:
            now = time.time()
            assert isinstance(text, str)
            if first:
                ready.release()
                first = False
                continue
            if text.startswith('{"type":"snapshot"') and (said := STARTED.search(text)):
                heard.delays_ms.append((now - float(said[1])) * 1000)
            heard.ends += text.startswith('{"type":"end"')


async def never_read(port: int, key: str, job_id: str) -> None:
    """Connects, and then takes nothing out of its socket."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1024)
    head = (
        f"GET /ws/jobs/{job_id}/ HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        f"Authorization: Bearer {key}\r\n\r\n"
    )
    writer.write(head.encode())
    await reader.readuntil(b"\r\n\r\n")
    await asyncio.Event().wait()


if __name__ == "__main__":
    if sys.argv[1:2] == ["listen"]:
        asyncio.run(listen_all(int(sys.argv[2]), sys.argv[3], sys.argv[4:]))
    else:
        main()
