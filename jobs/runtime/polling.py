"""Looks after waits that are due, many at a time: most of that time goes by waiting for vendors."""

import sys
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
from jobs.runtime import claiming, runner
from jobs.runtime.claiming import Claimant, Claimed

THREADS = 32
# Some lie ready, so that no thread waits for the next claim.
HELD_AT_ONCE = THREADS + THREADS // 2
# Stay for waits that are due this soon: leaving and being forked again costs more.
LINGER_S = 0.3
LOOK_AGAIN_S = 0.05
# Python's own 5 ms is how long a thread waits for its turn after each answer of
# Postgres or a vendor; with so many threads that would be most of the time.
SWITCH_THREADS_S = 0.0005

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
        self._asked_at = 0.0

    def __enter__(self) -> Self:
        sys.setswitchinterval(SWITCH_THREADS_S)
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
        # A horse full of short stages comes by here often; claims made now and then are
        # of many stages at once, and cost no more than that of a single one.
        asked_lately = time.monotonic() - self._asked_at < LOOK_AGAIN_S
        if room <= 0 or asked_lately:
            return
        self._asked_at = time.monotonic()
        for claimed in claiming.claim_due_waits(self._claimant, room):
            self._under_way.add(self._threads.submit(self._poll, claimed))
            self._busy_at = self._asked_at

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
            if _waited_too_long(claimed):
                self._desk(partial(_give_up, claimed))
            else:
                runner.run(self._ends_here, claimed, self._desk)
        finally:
            # A stage that reported or bought something opened one for this thread.
            connections.close_all()

    def _desk(self, ask: Callable[[], Answer]) -> Answer:
        """Let the clerk ask Postgres, who may say whose stage it was for."""
        return self._clerk.submit(copy_context().run, ask).result()


def _waited_too_long(claimed: Claimed) -> bool:
    give_up_at = claimed.stage.give_up_at
    return give_up_at is not None and give_up_at <= timezone.now()


def _give_up(claimed: Claimed) -> None:
    with flow.changing(claimed.job.pk) as change:
        stage = claiming.own_stage(change, claimed)
        if stage:
            flow.fail(change, stage, flow.gave_up(stage))
