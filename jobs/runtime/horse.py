"""The work horse: what RQ forks. It runs stages until there is no more to do, or its time is up."""

import ctypes
import os
import signal
import time
from collections.abc import Sequence
from uuid import UUID

import structlog
from django.db import connections

from jobs import registry
from jobs.models import Stage
from jobs.pipeline import Queue
from jobs.runtime import claiming, runner, scratch
from jobs.runtime.claiming import Claimant
from jobs.runtime.polling import Pollers
from jobs.runtime.signals import flags

logger = structlog.get_logger(__name__)

# A horse goes on to other jobs' stages for this long: a fork costs more than a short stage.
RUN_ON_S = 10.0

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None, use_errno=True)

# Who this horse's worker is; set in the parent, inherited by the fork.
claimant = Claimant(worker_id=UUID(int=0), queues=tuple(Queue))


def serve_as(worker_id: UUID, queues: Sequence[str]) -> None:
    """Make this process, and what it forks, act for a worker."""
    global claimant  # noqa: PLW0603  a process serves one worker for all its life
    claimant = Claimant(worker_id=worker_id, queues=tuple(queues))


def die_with_parent(parent_pid: int) -> None:
    """A horse whose parent is gone would be one that nobody guards."""
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent_pid:
        os._exit(1)


def run_stage(stage_id: int, attempt: int) -> None:
    """Take up the stage that a message names, and go on with whatever is due."""
    until = time.monotonic() + RUN_ON_S
    with Pollers(claimant) as pollers:
        claimed = claiming.claim_this(claimant, stage_id, attempt)
        while True:
            while claimed:
                claimed = runner.run(claimant, claimed)
            if flags.draining or flags.lost_track or time.monotonic() > until:
                return
            pollers.take_due()
            claimed = claiming.claim_next(claimant)
            if claimed is None and not pollers.wait_a_little():
                return


def cancel_at_vendor(stage_id: int) -> None:
    """Tell the vendor that nobody wants the result of this stage's task any more."""
    stage = Stage.objects.select_related("job__project").get(pk=stage_id)
    step = registry.get(stage.pipeline).step(stage.name)
    if not stage.vendor_cancel_due or step.cancel is None:
        return
    folder = scratch.folder_of(stage.pk, stage.attempt)
    step.cancel(runner.open_bench(claiming.claimed_before(stage), folder))
    Stage.objects.filter(pk=stage_id).update(vendor_cancel_due=False)


def forget_inherited_connections() -> list[object]:
    """After a fork: the parent's database connection must neither be used nor closed."""
    inherited: list[object] = []
    for connection in connections.all(initialized_only=True):
        inherited.append(connection.connection)
        connection.connection = None
    return inherited
