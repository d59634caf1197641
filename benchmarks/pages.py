"""The studio's and the staff's pages with 10,000 jobs in one project.

Server time from the product's own web server, queries by asking Django itself, and
what a browser feels (bytes before viewers load, layout shift) from Chromium's timings.
"""

import time
from collections.abc import Callable
from typing import Any

import httpx

from benchmarks.doors import start_web
from benchmarks.houses import house, percentile, tell
from benchmarks.listing import sign_in
from benchmarks.pages_crowd import fill
from tests.house import House

ROUNDS = 40
WARM_UP = 5
SIZES = {"phone": (390, 844), "desk": (1440, 900)}
MOST_MS = 80.0
MOST_QUERIES = 15
MOST_KB = 250.0
MOST_SHIFT = 0.05

# Pieces that a page fetches: they are timed, but nobody looks at them by themselves.
PIECES = ("job_live", "job_why", "admin_job_live")
NOTHING = {"kb": 0.0, "shift": 0.0}

_FELT = """async () => {
  const shift = await new Promise((done) => {
    let sum = 0;
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) if (!entry.hadRecentInput) sum += entry.value;
    }).observe({ type: "layout-shift", buffered: true });
    setTimeout(() => done(sum), 400);
  });
  const loaded = [
    ...performance.getEntriesByType("navigation"),
    ...performance.getEntriesByType("resource"),
  ];
  const paint = performance.getEntriesByName("first-contentful-paint")[0];
  return {
    shift,
    kb: loaded.reduce((sum, entry) => sum + entry.encodedBodySize, 0) / 1000,
    paint_ms: paint ? paint.startTime : 0,
  };
}"""


def main() -> None:
    with house(DATABASE_POOL_SIZE="4") as opened:
        opened.manage("collectstatic", "--noinput", "--verbosity=0")
        fill()
        run(opened)


def run(opened: House) -> None:
    port, _ = start_web(opened)
    base = f"http://127.0.0.1:{port}"
    cookies = sign_in()
    client = httpx.Client(base_url=base, cookies=cookies, timeout=60)
    pages = paths()
    queries = {name: count_queries(path) for name, path in pages.items()}
    times = {name: measure(client, path) for name, path in pages.items()}
    whole = {name: path for name, path in pages.items() if name not in PIECES}
    felt = feel(base, cookies, whole)
    for name in pages:
        took = times[name]
        p95 = percentile(took, 0.95)
        holds = (
            p95 <= MOST_MS
            and queries[name] <= MOST_QUERIES
            and felt.get(name, NOTHING)["kb"] <= MOST_KB
            and felt.get(name, NOTHING)["shift"] < MOST_SHIFT
        )
        tell(
            f"pages.{name}",
            p50_ms=percentile(took, 0.5),
            p95_ms=p95,
            queries=queries[name],
            **felt.get(name, {}),
            target=f"{MOST_MS:g} ms, {MOST_QUERIES} queries, {MOST_KB:g} kB, {MOST_SHIFT} shift",
            holds=holds,
        )


def paths() -> dict[str, str]:
    from jobs.models import Asset, Job

    job = Job.objects.filter(status="succeeded").latest("created_at").pk
    failed = Job.objects.filter(status="failed").latest("created_at").pk
    running = Job.objects.filter(status="running").latest("created_at").pk
    asset = Asset.objects.latest("created_at").pk
    return {
        "home": "/studio/",
        "projects": "/studio/projects/",
        "project": "/studio/projects/large/",
        "project_jobs": "/studio/projects/large/?tab=jobs",
        "project_failed": "/studio/projects/large/?tab=jobs&status=failed",
        "project_delete": "/studio/projects/large/delete/",
        "search": "/studio/search/?q=77.png",
        "jobs": "/studio/jobs/",
        "jobs_search": "/studio/jobs/?q=77.png",
        "job": f"/studio/jobs/{job}/",
        "job_failed": f"/studio/jobs/{failed}/",
        "job_running": f"/studio/jobs/{running}/",
        "job_live": f"/studio/jobs/{running}/live/",
        "job_why": f"/studio/jobs/{running}/why/",
        "asset": f"/studio/assets/{asset}/",
        "new": "/studio/new/",
        "start": "/studio/new/tiny/",
        "account": "/studio/settings/",
        "keys": "/studio/settings/keys/",
        "webhooks": "/studio/settings/webhooks/",
        "usage": "/studio/settings/usage/",
        "admin_dashboard": "/admin/dashboard/",
        "admin_failures": "/admin/failures/",
        "admin_jobs": "/admin/jobs/job/",
        "admin_job": f"/admin/jobs/job/{job}/change/",
        "admin_job_live": f"/admin/jobs/job/{running}/live/",
        "admin_stages": "/admin/jobs/stage/",
        "admin_assets": "/admin/jobs/asset/",
    }


def count_queries(path: str) -> int:
    from django.conf import settings
    from django.contrib.auth.models import User
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    settings.ALLOWED_HOSTS = ["*"]
    client = Client()
    client.force_login(User.objects.get(username="admin"))
    # What is asked once a process, such as content types, is asked before.
    client.get(path)
    with CaptureQueriesContext(connection) as queries:
        answer = client.get(path)
    assert answer.status_code == 200, f"{path}: {answer.status_code}"
    return len(queries)


def measure(client: httpx.Client, path: str) -> list[float]:
    """From the request to the whole answer, in milliseconds."""
    return [_once(client, path) for _ in range(WARM_UP + ROUNDS)][WARM_UP:]


def _once(client: httpx.Client, path: str) -> float:
    began = time.perf_counter()
    answer = client.get(path)
    took = (time.perf_counter() - began) * 1000
    assert answer.status_code == 200, f"{path}: {answer.status_code}"
    return took


def feel(
    base: str, cookies: dict[str, str], pages: dict[str, str]
) -> dict[str, dict[str, float]]:
    """Each page fresh in a browser of each size; the worse of both counts."""
    from playwright.sync_api import sync_playwright

    from tests import chromium

    felt: dict[str, dict[str, float]] = {name: {} for name in pages}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium.executable(), args=["--no-sandbox"]
        )
        for width, height in SIZES.values():
            for name, path in pages.items():
                # A context each: nothing comes out of another page's cache.
                context = browser.new_context(
                    viewport={"width": width, "height": height}
                )
                context.add_cookies(
                    [{"name": k, "value": v, "url": base} for k, v in cookies.items()]
                )
                seen = _look(context.new_page, f"{base}{path}")
                context.close()
                felt[name] = {
                    k: max(v, felt[name].get(k, 0.0)) for k, v in seen.items()
                }
        browser.close()
    return felt


def _look(new_page: Callable[[], Any], address: str) -> dict[str, float]:
    page = new_page()
    page.goto(address, wait_until="load")
    told: dict[str, float] = page.evaluate(_FELT)
    return told


if __name__ == "__main__":
    main()
