"""A real browser for the tests: an installed one, else one that is fetched; never none."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def executable() -> str:
    """The browser that the tests drive."""
    found = os.environ.get("CHROMIUM") or _installed() or _downloaded()
    if found is None:
        raise FileNotFoundError("There is no Chromium: run `make test` to get one.")
    return found


def ensure() -> str:
    """Find Chromium, or get it; stop with a way out when neither works."""
    for fetch in (_nothing, _fetch_from_debian, _fetch_from_playwright):
        fetch()
        try:
            found = executable()
        except FileNotFoundError:
            continue
        if _starts(found):
            return found
    raise SystemExit(
        "The browser tests need Chromium, and it could neither be found nor fetched.\n"
        "Install it (on Debian: apt install chromium) or say where it is: "
        "make test CHROMIUM=/path/to/chromium"
    )


def _installed() -> str | None:
    return next(filter(None, map(shutil.which, NAMES)), None)


def _downloaded() -> str | None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).exists() else None


def _starts(program: str) -> bool:
    tried = subprocess.run(
        [program, "--headless", "--no-sandbox", "--dump-dom", "about:blank"],
        capture_output=True,
        check=False,
        timeout=60,
    )
    return tried.returncode == 0


def _nothing() -> None:
    """First see what is there already."""


def _fetch_from_debian() -> None:
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        return
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    install = ["install", "-y", "--no-install-recommends", "chromium"]
    for command in (["update"], install):
        _try(["apt-get", "-qq", *command], environment)


def _fetch_from_playwright() -> None:
    _try([sys.executable, "-m", "playwright", "install", "chromium"], dict(os.environ))


def _try(command: list[str], environment: dict[str, str]) -> None:
    subprocess.run(
        command,
        env=environment,
        check=False,
        stdin=subprocess.DEVNULL,
        stdout=sys.stderr,
    )


if __name__ == "__main__":
    sys.stderr.write(f"Browser for the tests: {ensure()}\n")
