"""Slow chores beside the dispatcher's rounds: they may take long without holding up a stage."""

import threading
from collections.abc import Callable
from dataclasses import dataclass

import structlog
from django.db import Error as DatabaseError
from django.db import connections

from jobs import presence
from jobs.files import pruning
from jobs.live.deliveries import deliver_due

logger = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class Chore:
    do: Callable[[], object]
    every_s: float


CHORES = (
    Chore(do=deliver_due, every_s=0.5),
    Chore(do=presence.forget_old, every_s=3600),
    Chore(do=pruning.prune, every_s=3600),
)


def run(*, stop: threading.Event) -> None:
    """Until told to stop, each chore in a thread of its own: webhooks wait for no clean-up."""
    threads = [
        threading.Thread(target=_repeat, args=(chore, stop), daemon=True)
        for chore in CHORES
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _repeat(chore: Chore, stop: threading.Event) -> None:
    while not stop.is_set():
        _do(chore)
        stop.wait(chore.every_s)
    connections.close_all()


def _do(chore: Chore) -> None:
    try:
        chore.do()
    except (DatabaseError, OSError) as error:
        logger.warning("chore put off", error=str(error))
        connections.close_all()
