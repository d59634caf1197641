"""A whole stack as `make run` starts it, and a real Chromium in two sizes."""

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import (
    Browser,
    BrowserContext,
    Page,
    expect,
    sync_playwright,
)

from mediaforge.places import BASE
from tests import chromium
from tests.ports import free_port

# On a busy machine the first start takes its time.
COMES_UP_WITHIN_S = 300.0
SIZES = {"phone": (390, 844), "desk": (1440, 900)}
PATIENCE_MS = 60_000
AXE = BASE / "node_modules" / "axe-core" / "axe.min.js"
AXE_RULES = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"],
    # Its copies of imported style sheets would be styles that our policy forbids.
    "preload": False,
}


# What htmx calls an error where a page is left, or asks anew, before the answer came.
# A request that truly fails says sendError, timeout or responseError as well.
GIVEN_UP = re.compile(r"htmx:(afterRequest|sendAbort)\b")

# What is waited for always comes; the limit is for what is broken.
expect.set_options(timeout=PATIENCE_MS)


@dataclass(frozen=True, kw_only=True)
class Stack:
    """A running stack, and how its administrator gets in."""

    url: str
    var: Path
    username: str
    password: str
    api_key: str


# They end with this folder's tests: a sleeping browser and its stack take their share
# of a small machine, and Playwright's loop would count as running in every later test.
@pytest.fixture(scope="package")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    var = tmp_path_factory.mktemp("var")
    with running(var, free_port(), SIGNUP="true") as started:
        yield started


def environment_of(var: Path) -> dict[str, str]:
    """What a stack, and who works beside it, is told."""
    return os.environ | {
        "MEDIAFORGE_VAR": str(var),
        "WORKER_CONCURRENCY": "1",
        "RATE_LIMIT": "100000/minute",
        # Brings the tests' own pipeline, which goes wrong when told to.
        "DJANGO_SETTINGS_MODULE": "tests.settings",
    }


class running:  # noqa: N801  # a context manager, used like a function
    """Starts a stack of its own, and ends it."""

    def __init__(self, var: Path, port: int, **settings: str) -> None:
        self._var, self._port, self._settings = var, port, settings

    def __enter__(self) -> Stack:
        environment = environment_of(self._var) | self._settings
        environment["PORT"] = str(self._port)
        self._log = (self._var / "stack.log").open("w")
        self._process = subprocess.Popen(
            [sys.executable, str(BASE / "manage.py"), "stack"],
            env=environment,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            cwd=BASE,
        )
        try:
            return self._wait()
        except BaseException:
            self.__exit__()
            raise

    def _wait(self) -> Stack:
        deadline = time.monotonic() + COMES_UP_WITHIN_S
        log = self._var / "stack.log"
        while "is at http" not in log.read_text():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"The stack did not come up:\n{log.read_text()}")
            time.sleep(0.2)
        first = json.loads((self._var / "first-run.json").read_text())
        return Stack(
            url=first["url"],
            var=self._var,
            username=first["username"],
            password=first["password"],
            api_key=first["api_key"],
        )

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()
        self._log.close()


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        launched = launch(playwright)
        yield launched
        launched.close()


def launch(playwright: Any) -> Browser:
    made: Browser = playwright.chromium.launch(
        executable_path=chromium.executable(),
        args=["--no-sandbox", "--enable-unsafe-swiftshader", "--ignore-gpu-blocklist"],
    )
    return made


@pytest.fixture(scope="package")
def session(stack: Stack, browser: Browser) -> Any:
    """Cookies of the administrator, signed in through the page."""
    context = browser.new_context()
    sign_in(context.new_page(), stack)
    state = context.storage_state()
    context.close()
    return state


def sign_in(page: Page, stack: Stack) -> None:
    page.set_default_timeout(PATIENCE_MS)
    page.goto(f"{stack.url}/studio/login/")
    page.get_by_label("User name").fill(stack.username)
    page.get_by_label("Password").fill(stack.password)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"{stack.url}/studio/")


@dataclass(kw_only=True)
class Studio:
    """A signed-in page that notes what must not happen."""

    page: Page
    url: str
    complaints: list[str] = field(default_factory=list)
    # Answers that a test brings about on purpose.
    expected: list[str] = field(default_factory=list)

    def go(self, path: str) -> Page:
        self.page.goto(f"{self.url}{path}")
        return self.page

    def check_accessible(self) -> None:
        # Movements would be measured half-way.
        self.page.emulate_media(reduced_motion="reduce")
        # As an extension would, past the page's own policy.
        self.page.evaluate(AXE.read_text())
        found = self.page.evaluate("rules => axe.run(document, rules)", AXE_RULES)
        said = [
            f"{v['id']}: {node['html'][:140]} {node.get('failureSummary', '')[:200]}"
            for v in found["violations"]
            for node in v["nodes"][:3]
        ]
        assert said == [], "\n".join(said)

    def check_fits(self) -> None:
        script = "() => document.documentElement.scrollWidth - innerWidth"
        assert self.page.evaluate(script) <= 0


def signed_in(
    browser: Browser, size: str, session: Any, **options: Any
) -> BrowserContext:
    width, height = SIZES[size]
    return browser.new_context(
        viewport={"width": width, "height": height},
        has_touch=size == "phone",
        storage_state=session,
        **options,
    )


@pytest.fixture(params=list(SIZES))
def studio(
    request: pytest.FixtureRequest, browser: Browser, stack: Stack, session: Any
) -> Iterator[Studio]:
    context = signed_in(browser, request.param, session)
    opened = open_studio(context, stack.url)
    yield opened
    context.close()
    assert opened.complaints == []


def open_studio(context: BrowserContext, url: str) -> Studio:
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    made = Studio(page=page, url=url)

    def console(message: Any) -> None:
        if message.type == "error" and not _is_expected(message.text):
            made.complaints.append(f"console: {message.text}")

    def _is_expected(text: str) -> bool:
        return any(re.search(pattern, text) for pattern in (GIVEN_UP, *made.expected))

    ours = (url, url.replace("http", "ws"), "data:", "blob:")

    def requested(request: Any) -> None:
        if not request.url.startswith(ours) and not _is_expected(request.url):
            made.complaints.append(f"foreign: {request.url}")

    page.on("console", console)
    page.on("pageerror", lambda error: made.complaints.append(f"script: {error}"))
    page.on("request", requested)
    return made


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    y, x = np.mgrid[0:240, 0:320]
    pixels = np.stack([x % 256, y % 256, (x * y // 80) % 256], axis=-1)
    path = tmp_path / "gradient.png"
    Image.fromarray(pixels.astype(np.uint8)).save(path)
    return path
