"""Pictures of every page, in both sizes and both themes: `make screenshots`.

They go to docs/screenshots; a stack of its own runs real samples first, so that
there is something to see.
"""

import re
import sys
import tempfile
from pathlib import Path

import httpx
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from mediaforge.places import BASE
from tests.browser.conftest import (
    PATIENCE_MS,
    SIZES,
    Stack,
    free_port,
    launch,
    running,
    sign_in,
)

FOLDER = BASE / "docs" / "screenshots"
# Quick ones: the pictures shall show results, not waiting.
SAMPLES = ("painting", "model")
SAMPLE_ENDS_WITHIN_S = 600
PAGES = {
    "home": "/studio/",
    "new": "/studio/new/",
    "start": "/studio/new/painting/",
    "projects": "/studio/projects/",
    "project": "/studio/projects/samples/",
    "jobs": "/studio/jobs/",
    "usage": "/studio/settings/usage/",
    "keys": "/studio/settings/keys/",
    "account": "/studio/settings/",
    "admin-dashboard": "/admin/dashboard/",
    "admin-jobs": "/admin/jobs/job/",
    "admin-failures": "/admin/failures/",
}


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(prefix="screenshots-") as var,
        running(Path(var), free_port()) as stack,
        sync_playwright() as playwright,
    ):
        browser = launch(playwright)
        _take_all(browser, stack)
        browser.close()


def _take_all(browser: Browser, stack: Stack) -> None:
    context = browser.new_context()
    page = context.new_page()
    sign_in(page, stack)
    state = context.storage_state()
    jobs = {name: _run_sample(page, stack, name) for name in SAMPLES}
    context.close()
    pages = PAGES | {f"job-{name}": path for name, path in jobs.items()}
    for theme in ("light", "dark"):
        for size, (width, height) in SIZES.items():
            context = browser.new_context(
                viewport={"width": width, "height": height},
                has_touch=size == "phone",
                device_scale_factor=2 if size == "phone" else 1,
                storage_state=state,
            )
            context.add_cookies([{"name": "theme", "value": theme, "url": stack.url}])
            _take(context, stack, pages, f"{size}-{theme}")
            context.close()


def _run_sample(page: Page, stack: Stack, slug: str) -> str:
    """Start a pipeline's sample and wait for its end; answers with its page's path."""
    page.goto(f"{stack.url}/studio/")
    # A sample is made when it is first asked for.
    patience = SAMPLE_ENDS_WITHIN_S * 1000
    button = page.locator(f'form[action="/studio/new/{slug}/sample/"] button')
    button.click(timeout=patience)
    page.wait_for_url("**/studio/jobs/*/", timeout=patience)
    ended = re.compile("succeeded|failed|cancelled|expired")
    status = page.locator('[data-live-part="status"] .state').first
    status.filter(has_text=ended).wait_for(timeout=patience)
    sys.stdout.write(f"{slug}: {status.inner_text()}\n")
    return httpx.URL(page.url).path


def _take(
    context: BrowserContext, stack: Stack, pages: dict[str, str], suffix: str
) -> None:
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    for name, path in pages.items():
        page.goto(f"{stack.url}{path}", wait_until="networkidle")
        model = page.locator("mf-model")
        if model.count():
            page.locator("mf-model[ready]").first.wait_for()
        page.screenshot(path=FOLDER / f"{name}-{suffix}.png")


if __name__ == "__main__":
    main()
