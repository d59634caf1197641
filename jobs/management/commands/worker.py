from contextlib import suppress
from importlib import import_module
from typing import Any

import django_rq
from django.core.management.base import BaseCommand, CommandParser

from jobs import later
from jobs.pipeline import Queue
from jobs.queues import queue_names
from jobs.runtime import outages
from jobs.runtime.worker import StageWorker
from jobs.vendors.trust import certificates


class Command(BaseCommand):
    help = "Run stages from these queues, high priority first."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--queues",
            default=",".join(Queue),
            help="Comma-separated, of cpu, io and gpu (default: all).",
        )

    def handle(self, *, queues: str, **_: Any) -> None:
        # Once, before any horse is forked: they all share what is loaded here.
        later.load_all()
        import_module("av")  # all of ffmpeg's libraries: most first steps open a film
        with suppress(OSError):  # Whoever needs them will say what is wrong.
            certificates()
        serves = [Queue(name.strip()) for name in queues.split(",")]
        names = queue_names(serves)
        worker = outages.once_servers_answer(
            lambda: StageWorker(
                names, serves=serves, connection=django_rq.get_connection(names[0])
            )
        )
        worker.work(logging_level="WARNING")
