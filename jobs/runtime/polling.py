"""Looks after waits that are due, many at a time: most of that time goes by waiting for vendors."""

import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextvars import copy_context
from functools import partial
from types import TracebackType
from typing import Self, TypeVar

from django.db import connections
from django.utils import timezone

from jobs import flow
from jobs.runtime import claiming, ends, runner
from jobs.runtime.claiming import Claimant, Claimed

THREADS = 32
# Some lie ready, so that no thread waits for the next claim.
HELD_AT_ONCE = THREADS + THREADS // 2
# Claims are made many at once; a trickle of single ones would cost as much each.
CLAIM_AT_LEAST = THREADS // 2
# Stay for waits that are due this soon: leaving and being forked again costs more.
LINGER_S = 0.3
LOOK_AGAIN_S = 0.05

Answer = TypeVar("Answer")


class Pollers:
    """Threads of one horse that run the waiting stages.

    They talk to vendors; one more writes down for all of them, so that a horse needs
    two connections to Postgres and not one for each thread.
    """

    def __init__(self, claimant: Claimant) -> None:
        self._claimant = claimant
        # Without queues a thread claims nothing more: what follows may be long, and
        # only a stage in the main thread can be stopped by force.
        self._ends_here = Claimant(worker_id=claimant.worker_id, queues=())
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="poller")
        self._clerk = ThreadPoolExecutor(1, thread_name_prefix="clerk")
        self._under_way: set[Future[None]] = set()
        self._busy_at = 0.0
        self._none_due_at = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._threads.shutdown()
        self._clerk.submit(connections.close_all)
        self._clerk.shutdown()
        self._collect()

    def take_due(self) -> None:
        """Claim what is due, as far as there is room."""
        self._collect()
        room = HELD_AT_ONCE - len(self._under_way)
        # Claims are made many at once; a trickle of single ones would cost as much each.
        # A horse full of short stages comes by here often.
        asked_lately = time.monotonic() - self._none_due_at < LOOK_AGAIN_S
        if room < CLAIM_AT_LEAST or asked_lately:
            return
        due = claiming.claim_due_waits(self._claimant, room)
        for claimed in due:
            self._under_way.add(self._threads.submit(self._poll, claimed))
        if due:
            self._busy_at = time.monotonic()
        else:
            self._none_due_at = time.monotonic()

    def wait_a_little(self) -> bool:
        """Pass some time; False when nothing is under way and nothing was of late."""
        if self._under_way:
            wait(self._under_way, timeout=LOOK_AGAIN_S, return_when=FIRST_COMPLETED)
            return True
        if time.monotonic() - self._busy_at > LINGER_S:
            return False
        time.sleep(LOOK_AGAIN_S)
        return True

    def _collect(self) -> None:
        done = {future for future in self._under_way if future.done()}
        self._under_way -= done
        for future in done:
            future.result()

    def _poll(self, claimed: Claimed) -> None:
        try:
            if not self._desk(partial(_waited_too_long, claimed)):
                runner.run(self._ends_here, claimed, self._desk)
        finally:
            # A stage that reported or bought something opened one for this thread.
            connections.close_all()

    def _desk(self, ask: Callable[[], Answer]) -> Answer:
        """Let the clerk ask Postgres, who may say whose stage it was for."""
        return self._clerk.submit(copy_context().run, ask).result()


def _waited_too_long(claimed: Claimed) -> bool:
    stage = claimed.stage
    if stage.give_up_at is None or stage.give_up_at > timezone.now():
        return False
    with flow.changing(claimed.job.pk) as change:
        own = ends.own_stage(change, claimed)
        if own:
            flow.fail(change, own, flow.gave_up(own))
    return True
