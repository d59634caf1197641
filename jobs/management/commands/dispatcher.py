import signal
import threading
from typing import Any

from django.core.management.base import BaseCommand

from jobs.runtime import dispatcher, housekeeping


class Command(BaseCommand):
    help = "Send due stages to workers, and take back what is lost. Any number may run."

    def handle(self, **_: Any) -> None:
        stop = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stop.set())
        chores = threading.Thread(
            target=housekeeping.run, kwargs={"stop": stop}, daemon=True
        )
        chores.start()
        dispatcher.run(should_stop=stop.is_set)
        chores.join(timeout=2)
