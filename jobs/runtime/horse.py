"""The work horse: what RQ forks. It runs stages, and stands by for more, until its time is up."""

import ctypes
import os
import signal
import time
from collections.abc import Callable, Sequence
from uuid import UUID

import redis
import structlog
from django.conf import settings
from django.db import connections
from rq.job import Job as RqJob

from jobs import queues, registry
from jobs.models import Stage
from jobs.pipeline import Queue
from jobs.runtime import claiming, outages, runner, scratch
from jobs.runtime.claiming import Claimant, Claimed
from jobs.runtime.polling import Pollers
from jobs.runtime.signals import flags

logger = structlog.get_logger(__name__)

# A horse goes on to other jobs' stages for this long: a fork costs more than a short stage.
RUN_ON_S = 10.0
# However little it had to do: only between two horses can its parent look for stages
# that were left behind.
OLDEST_S = 120.0

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None, use_errno=True)

# Who this horse's worker is; set in the parent, inherited by the fork.
claimant = Claimant(worker_id=UUID(int=0), queues=tuple(Queue))


def serve_as(worker_id: UUID, serves: Sequence[str]) -> None:
    """Make this process, and what it forks, act for a worker."""
    global claimant  # noqa: PLW0603  a process serves one worker for all its life
    claimant = Claimant(worker_id=worker_id, queues=tuple(serves))


def die_with_parent(parent_pid: int) -> None:
    """A horse whose parent is gone would be one that nobody guards."""
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent_pid:
        os._exit(1)


def run_stage(stage_id: int, attempt: int) -> None:
    """Take up the stage that a message names, and whatever else there is while it is fresh."""
    born = time.monotonic()
    rested_s = 0.0
    _work_through(stage_id, attempt)
    while not _must_leave() and time.monotonic() - born - rested_s < RUN_ON_S:
        lay_down = time.monotonic()
        message = _stand_by(until=born + OLDEST_S)
        rested_s += time.monotonic() - lay_down
        if message is None:
            return
        outages.notice_hang_up()
        _DUTIES[str(message.func_name)](*message.args)
        queues.forget(message)


def _work_through(stage_id: int, attempt: int) -> None:
    """Run whatever is due, this stage at the latest when nothing else is."""
    # The message lay in line for a while: now it may be somebody else's turn.
    claimed = claiming.claim_next(claimant)
    _work_on(claimed or claiming.claim_this(claimant, stage_id, attempt))


def _work_at_once(stage_id: int, attempt: int) -> None:
    """Run this stage, and then whatever is due: nobody was in line when it was rung for."""
    claimed = claiming.claim_this(claimant, stage_id, attempt)
    _work_on(claimed or claiming.claim_next(claimant))


def _work_on(claimed: Claimed | None) -> None:
    until = time.monotonic() + RUN_ON_S
    with Pollers(claimant) as pollers:
        while True:
            while claimed:
                claimed = runner.run(claimant, claimed)
            if _must_leave() or time.monotonic() > until:
                return
            pollers.take_due()
            claimed = claiming.claim_next(claimant)
            if claimed is None and not pollers.wait_a_little():
                return


def _must_leave() -> bool:
    return flags.draining or flags.lost_track


def _stand_by(*, until: float) -> RqJob | None:
    """Wait for a message: a horse at hand is there sooner than one that has to be forked."""
    until = min(until, time.monotonic() + settings.HORSE_STANDBY_SECONDS)
    while time.monotonic() < until and not _must_leave():
        try:
            message = queues.take(claimant.queues, wait_s=1)
            if message and _must_leave():
                queues.put_back(message)
            elif message:
                return message
        except redis.RedisError as error:
            # The parent waits for Redis with more patience.
            logger.warning("stands by no longer", error=str(error))
            return None
    return None


def cancel_at_vendor(stage_id: int) -> None:
    """Tell the vendor that nobody wants the result of this stage's task any more."""
    stage = Stage.objects.select_related("job__project").get(pk=stage_id)
    step = registry.get(stage.pipeline).step(stage.name)
    if not stage.vendor_cancel_due or step.cancel is None:
        return
    folder = scratch.folder_of(stage.pk, stage.attempt)
    step.cancel(runner.open_bench(claiming.claimed_before(stage), folder))
    Stage.objects.filter(pk=stage_id).update(vendor_cancel_due=False)


# What is asked of a horse that stands by.
_DUTIES: dict[str, Callable[..., None]] = {
    queues.RUN_STAGE: _work_at_once,
    queues.CANCEL_AT_VENDOR: cancel_at_vendor,
}


def forget_inherited_connections() -> list[object]:
    """After a fork: the parent's database connection must neither be used nor closed."""
    inherited: list[object] = []
    for connection in connections.all(initialized_only=True):
        inherited.append(connection.connection)
        connection.connection = None
    return inherited
