"""Pictures of every page, in both sizes and both themes: `make screenshots`.

They go to docs/screenshots, and the README's few to docs/images; a stack of its own
runs real samples first, so that there is something to see.
"""

import re
import sys
import tempfile
import time
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from mediaforge.places import BASE
from tests.browser.conftest import (
    PATIENCE_MS,
    SIZES,
    Stack,
    launch,
    running,
    sign_in,
)
from tests.ports import free_port

FOLDER = BASE / "docs" / "screenshots"
BEST = BASE / "docs" / "images"
# What the README shows, by the names that it knows.
README = {
    "home-desk-light": "home",
    "job-painting-desk-dark": "painting",
    "job-painting-phone-light": "painting-phone",
    "start-painting-phone-dark": "start-phone",
    "job-ad-desk-dark": "ad",
    "admin-dashboard-desk-dark": "admin",
}
SAMPLES = ("painting", "model", "quiz", "ad", "scan")
# Those that are still under way then are shown so.
SAMPLES_END_WITHIN_S = 900
SETTLED_MS = 400
QUALITY = 82
# The product's own pipelines alone, and the page that is closed by default.
SETTINGS = {"DJANGO_SETTINGS_MODULE": "mediaforge.settings", "SIGNUP": "true"}
BEFORE = {"login": "/studio/login/", "signup": "/studio/signup/"}
EMPTY = {"first-minute": "/studio/", "jobs-empty": "/studio/jobs/"}
PAGES = {
    "home": "/studio/",
    "new": "/studio/new/",
    "projects": "/studio/projects/",
    "project": "/studio/projects/samples/",
    "project-jobs": "/studio/projects/samples/?tab=jobs",
    "project-delete": "/studio/projects/samples/delete/",
    "search": "/studio/search/?q=vase",
    "jobs": "/studio/jobs/",
    "quizzes": "/studio/quizzes/",
    "usage": "/studio/settings/usage/",
    "keys": "/studio/settings/keys/",
    "webhooks": "/studio/settings/webhooks/",
    "account": "/studio/settings/",
    "password": "/studio/settings/password/",
    "missing": "/studio/nothing/",
    "admin": "/admin/",
    "admin-dashboard": "/admin/dashboard/",
    "admin-jobs": "/admin/jobs/job/",
    "admin-failures": "/admin/failures/",
    "admin-stages": "/admin/jobs/stage/",
    "admin-assets": "/admin/jobs/asset/",
    "admin-workers": "/admin/jobs/worker/",
    "admin-people": "/admin/auth/user/",
    "admin-limit": "/admin/jobs/allowance/add/",
}


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(prefix="screenshots-") as var,
        running(Path(var), free_port(), **SETTINGS) as stack,
        sync_playwright() as playwright,
    ):
        browser = launch(playwright)
        _take_all(browser, stack)
        browser.close()


def _take_all(browser: Browser, stack: Stack) -> None:
    _take_looks(browser, stack, BEFORE, None)
    context = browser.new_context()
    page = context.new_page()
    sign_in(page, stack)
    state = context.storage_state()
    _take_looks(browser, stack, EMPTY, state)
    jobs = {name: _start_sample(page, stack, name) for name in SAMPLES}
    _wait(page, stack, jobs)
    pages = PAGES | _quiz_pages(page, stack, jobs["quiz"])
    pages |= _made_pages(page, stack, jobs[SAMPLES[0]])
    context.close()
    for name, path in jobs.items():
        pages |= {f"start-{name}": f"/studio/new/{name}/", f"job-{name}": path}
    job_id = jobs[SAMPLES[0]].rstrip("/").rsplit("/", 1)[1]
    pages["admin-job"] = f"/admin/jobs/job/{job_id}/change/"
    _take_looks(browser, stack, pages, state)


def _start_sample(page: Page, stack: Stack, slug: str) -> str:
    """Start a pipeline's sample; answers with the path of its job's page."""
    page.goto(f"{stack.url}/studio/new/")
    # A sample is made when it is first asked for.
    patience = SAMPLES_END_WITHIN_S * 1000
    button = page.locator(f'form[action="/studio/new/{slug}/sample/"] button')
    button.click(timeout=patience, no_wait_after=True)
    page.wait_for_url("**/studio/jobs/*/", timeout=patience)
    return httpx.URL(page.url).path


def _wait(page: Page, stack: Stack, jobs: Mapping[str, str]) -> None:
    deadline = time.monotonic() + SAMPLES_END_WITHIN_S
    ended = re.compile("succeeded|failed|cancelled|expired")
    for name, path in jobs.items():
        page.goto(f"{stack.url}{path}")
        status = page.locator('[data-live-part="status"] .state').first
        while not ended.search(status.inner_text()) and time.monotonic() < deadline:
            page.wait_for_timeout(1000)
        sys.stdout.write(f"{name}: {status.inner_text()}\n")
        sys.stdout.flush()


def _quiz_pages(page: Page, stack: Stack, job: str) -> dict[str, str]:
    """Where a teacher edits, takes and judges the sample's quiz."""
    page.goto(f"{stack.url}{job}")
    links = {"edit": "Edit the quiz", "take": "Take it", "results": "Results"}
    return {
        f"quiz-{name}": str(
            page.locator(f'a:text-is("{words}")').first.get_attribute("href")
        )
        for name, words in links.items()
    }


def _made_pages(page: Page, stack: Stack, job: str) -> dict[str, str]:
    """What others see of a job by a link, and one of the files that it made."""
    page.goto(f"{stack.url}{job}")
    page.locator("summary", has_text="Share").click()
    page.get_by_role("button", name="Make a link").click()
    shared = httpx.URL(page.get_by_label("Link").input_value()).path
    page.goto(f"{stack.url}/studio/projects/samples/?kind=image")
    asset = str(page.locator(".tile-link").first.get_attribute("href"))
    return {"shared": shared, "asset": asset}


def _take_looks(
    browser: Browser, stack: Stack, pages: Mapping[str, str], state: Any
) -> None:
    for theme in ("light", "dark"):
        for size, (width, height) in SIZES.items():
            context = browser.new_context(
                viewport={"width": width, "height": height},
                has_touch=size == "phone",
                device_scale_factor=2 if size == "phone" else 1,
                storage_state=state,
                reduced_motion="reduce",
            )
            context.add_cookies([{"name": "theme", "value": theme, "url": stack.url}])
            _take(context, stack, pages, f"{size}-{theme}")
            context.close()


def _take(
    context: BrowserContext, stack: Stack, pages: Mapping[str, str], suffix: str
) -> None:
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    for name, path in pages.items():
        page.goto(f"{stack.url}{path}", wait_until="load")
        if page.locator("mf-model").count():
            first = page.locator("mf-model").first
            first.scroll_into_view_if_needed()
            page.locator("mf-model[ready]").first.wait_for()
            page.evaluate("() => scrollTo(0, 0)")
        page.wait_for_timeout(SETTLED_MS)
        _keep(page.screenshot(), f"{name}-{suffix}")


def _keep(png: bytes, name: str) -> None:
    picture = Image.open(BytesIO(png)).convert("RGB")
    picture.save(FOLDER / f"{name}.webp", quality=QUALITY, method=6)
    if name in README:
        picture.save(BEST / f"{README[name]}.webp", quality=QUALITY, method=6)


if __name__ == "__main__":
    main()
