"""2,000 jobs that wait for a vendor, on one worker and one dispatcher: is any woken late, does memory grow?"""

import json
import statistics
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import psutil

from benchmarks.houses import house, percentile, resident_mb, tell
from tests.house import House, wait_for

JOBS = 2000
# As long as the vendors of models and clips take; submitted as people do, not all at once.
TAKES_S = 60.0
SUBMIT_OVER_S = 60.0
SETTLED_AFTER_S = 20.0


class Vendor(BaseHTTPRequestHandler):
    """Takes tasks, and says when they are done."""

    protocol_version = "HTTP/1.1"
    tasks: dict[str, float] = {}

    def do_POST(self) -> None:
        takes_s = float(parse_qs(urlsplit(self.path).query)["takes_s"][0])
        task = uuid.uuid4().hex
        self.tasks[task] = time.monotonic() + takes_s
        self._answer({"id": task})

    def do_GET(self) -> None:
        task = self.path.rpartition("/")[2]
        self._answer({"done": time.monotonic() >= self.tasks[task]})

    def _answer(self, content: dict[str, object]) -> None:
        body = json.dumps(content).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Thousands of lines would be in the way."""


@contextmanager
def vendor() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Vendor)
    server.request_queue_size = 256
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


class Watcher:
    """Looks at memory and at who is late, about twice a second."""

    def __init__(self, opened: House) -> None:
        self._processes = {
            name: psutil.Process(opened.pid(name))
            for name in ("worker-1", "dispatcher-1")
        }
        self.memory_mb: dict[str, list[float]] = {name: [] for name in self._processes}
        self.lateness_s: list[float] = []
        self._seen_until = 0.0

    def look(self) -> None:
        from django.db import connection

        for name, process in self._processes.items():
            self.memory_mb[name].append(resident_mb(process))
        # `wake_at` stays as it was while a stage that was woken asks its vendor.
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT extract(epoch FROM claimed_at - wake_at),"
                " extract(epoch FROM claimed_at) FROM jobs_stage"
                " WHERE status = 'running' AND wakes > 0 AND wake_at IS NOT NULL"
                " AND extract(epoch FROM claimed_at) > %s",
                [self._seen_until],
            )
            rows = cursor.fetchall()
            cursor.execute(
                "SELECT extract(epoch FROM now() - wake_at) FROM jobs_stage"
                " WHERE status = 'waiting' AND wait_for = 'time' AND wake_at < now()"
            )
            # Still unclaimed: late by at least as much as now.
            overdue = [float(row[0]) for row in cursor.fetchall()]
        self.lateness_s += [float(row[0]) for row in rows] + overdue
        self._seen_until = max([self._seen_until, *(float(row[1]) for row in rows)])

    def growth_mb(self, name: str) -> float:
        """From the first third's highest to the last third's highest."""
        seen = self.memory_mb[name]
        third = max(1, len(seen) // 3)
        return max(seen[-third:]) - max(seen[:third])


def main() -> None:
    with vendor() as url, house(KIRI_BASE_URL=url) as opened:
        from jobs.models import Job, Worker

        opened.start_worker()
        opened.start_dispatcher()
        wait_for(lambda: Worker.objects.count() == 2, "all is up")
        watcher = Watcher(opened)
        started = time.monotonic()
        submitting = threading.Thread(target=submit_all)
        submitting.start()
        ended = Job.objects.filter(status__in=Job.ENDED)
        while submitting.is_alive() or ended.count() < JOBS:
            watcher.look()
            time.sleep(0.3)
        took_s = time.monotonic() - started
        succeeded = Job.objects.filter(status=Job.Status.SUCCEEDED).count()
        ideal = ideal_s()
        lateness = watcher.lateness_s or [0.0]
        growth = {name: watcher.growth_mb(name) for name in watcher.memory_mb}
        tell(
            "waits",
            jobs=JOBS,
            succeeded=succeeded,
            took_s=took_s,
            ideal_s=ideal,
            ratio=took_s / ideal,
            late_p50_s=percentile(lateness, 0.5),
            late_p95_s=percentile(lateness, 0.95),
            worker_growth_mb=growth["worker-1"],
            dispatcher_growth_mb=growth["dispatcher-1"],
            target="late_p95_s <= 1, ratio <= 1.3, growth <= 10 MB",
            holds=percentile(lateness, 0.95) <= 1
            and took_s <= 1.3 * ideal
            and max(growth.values()) <= 10
            and succeeded == JOBS,
        )


def submit_all() -> None:
    from django.contrib.auth.models import User

    from jobs import services
    from jobs.services import JobOrder

    owner = User.objects.create_user("bench")
    order = JobOrder(pipeline="polling", params={"takes_s": TAKES_S})
    started = time.monotonic()
    for number in range(JOBS):
        due = started + SUBMIT_OVER_S * number / JOBS
        time.sleep(max(0, due - time.monotonic()))
        services.submit(owner, order)


def ideal_s() -> float:
    """When the last job ends if nothing costs any time: the documented backoff, spread as documented.

    A vendor that is done just after it was asked is asked again half a minute later, so
    the last of many jobs ends late; the middle one of some runs is what to expect.
    """
    return statistics.median(max(_ends()) for _ in range(25))


def _ends() -> Iterator[float]:
    from jobs.flow import poll_delay

    for number in range(JOBS):
        passed, wakes = 0.0, 0
        while passed < TAKES_S:
            passed += poll_delay(wakes).total_seconds()
            wakes += 1
        yield SUBMIT_OVER_S * number / JOBS + passed


if __name__ == "__main__":
    main()
