import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError, connection
from rich.console import Console

from jobs import presence
from jobs.models import Worker
from mediaforge import demo
from mediaforge.first_run import FILE_NAME
from mediaforge.stack import Address

COME_UP_SECONDS = 300


class Command(BaseCommand):
    help = "Run every pipeline once on sample media, and show where the results lie."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("pipelines", nargs="*", help="only these (default: all)")
        parser.add_argument(
            "--cached", action="store_true", help="let earlier results serve again"
        )

    def handle(self, *, pipelines: list[str], cached: bool, **options: Any) -> None:
        console = Console()
        address = Address(host=settings.HOST, port=settings.PORT).url
        with _stack():
            owner = User.objects.filter(is_superuser=True, is_active=True).earliest(
                "pk"
            )
            outcome = demo.run(owner, demo.chosen(pipelines), console, fresh=not cached)
            demo.report(outcome, console, settings.PUBLIC_URL or address)
            if (settings.VAR_DIR / FILE_NAME).exists():
                console.print(
                    f"Sign in with what {FILE_NAME} in var/ says (after `make run`)."
                )
        if outcome.failed or not outcome.jobs:
            raise SystemExit(1)


@contextmanager
def _stack() -> Iterator[None]:
    """Use what runs already; where nothing does, run it for as long as this takes."""
    if _workers_are_alive():
        yield
        return
    process = subprocess.Popen(
        [sys.executable, settings.BASE_DIR / "manage.py", "stack"],
        stdin=subprocess.DEVNULL,
        # The table has the terminal; the log file gets what they say.
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + COME_UP_SECONDS
        while not _workers_are_alive():
            if process.poll() is not None or time.monotonic() > deadline:
                raise CommandError("MediaForge does not come up: try `make run`.")
            time.sleep(0.3)
        yield
    finally:
        connection.close()
        process.send_signal(signal.SIGINT)
        process.wait()


def _workers_are_alive() -> bool:
    try:
        return all(presence.alive(duty) for duty in Worker.Duty)
    except DatabaseError:
        connection.close()
        return False
