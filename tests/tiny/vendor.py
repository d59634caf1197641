"""A vendor whose books are files, so that every process of a test sees them and no fault loses them."""

import shutil
import time
import uuid
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from django.conf import settings

from jobs.runtime.signals import StageStopped


def books() -> Path:
    folder = Path(settings.STORAGE_ROOT).parent / "tiny-vendor"
    (folder / "tasks").mkdir(parents=True, exist_ok=True)
    (folder / "cancelled").mkdir(exist_ok=True)
    return folder


def empty_books() -> None:
    shutil.rmtree(books())


def submit(key: str, *, slowly_s: float = 0) -> str:
    """Every call is charged; the key is remembered, as good vendors do."""
    time.sleep(slowly_s / 2)
    task = uuid.uuid4().hex
    with (books() / "charges").open("a") as charges_book:
        charges_book.write(f"{key}\n")
    (books() / "tasks" / key).write_text(task)
    time.sleep(slowly_s / 2)
    return task


def look_up(key: str) -> str | None:
    task = books() / "tasks" / key
    return task.read_text() if task.exists() else None


def cancel(task: str) -> None:
    (books() / "cancelled" / task).touch()


def charges() -> int:
    return charges_by_key().total()


def charges_by_key() -> Counter[str]:
    book = books() / "charges"
    return Counter(book.read_text().split()) if book.exists() else Counter()


def cancelled() -> set[str]:
    return {file.name for file in (books() / "cancelled").iterdir()}


def be_busy(seconds: float, report: Callable[[float, str], None]) -> None:
    """Keep a core busy, and say so."""
    started = time.monotonic()
    while (passed := time.monotonic() - started) < seconds:
        report(passed / seconds, "Busy")
        sum(range(20_000))


def be_deaf(seconds: float) -> None:
    """Work on whatever one is told, as code outside of Python may."""
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        try:
            time.sleep(left)
        except StageStopped:
            continue
