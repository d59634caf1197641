"""Runs one claimed stage from its workbench to the transaction that ends it."""

import shutil
import time
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any, Protocol, TypeVar

import structlog
from django.db import connection
from rq.timeouts import JobTimeoutException

from jobs.errors import StageError, VendorRefusedError
from jobs.files import outputs, storage
from jobs.hooks import hook_url
from jobs.models import Asset, Stage
from jobs.pipeline import StageResult, Wait, Workbench
from jobs.runtime import cache, ends, failures, scratch
from jobs.runtime.claiming import Claimant, Claimed
from jobs.runtime.ends import Made
from jobs.runtime.outages import AWAY
from jobs.runtime.recorder import StageRecorder
from jobs.runtime.shelf import StageShelf
from jobs.runtime.signals import StageHandedBack, StageStopped, flags

logger = structlog.get_logger(__name__)


Answer = TypeVar("Answer")
End = Callable[[], Claimed | None]


class Desk(Protocol):
    """Where Postgres is asked; threads that mostly wait for vendors share one."""

    def __call__(self, ask: Callable[[], Answer]) -> Answer: ...


def _own_desk(ask: Callable[[], Answer]) -> Answer:
    return ask()


def run(claimant: Claimant, claimed: Claimed, desk: Desk = _own_desk) -> Claimed | None:
    """Do the stage's work; answers with the job's next stage when it goes on right here."""
    stage = claimed.stage
    with structlog.contextvars.bound_contextvars(
        request_id=claimed.job.request_id,
        job=str(claimed.job.pk),
        stage=stage.name,
        part=stage.part,
        attempt=claimed.attempt,
    ):
        folder = scratch.folder_of(stage.pk, claimed.attempt)
        started = time.monotonic()
        try:
            with flags.holding(stage.pk):
                return desk(_come_to_an_end(claimant, claimed, folder, desk))
        finally:
            shutil.rmtree(folder, ignore_errors=True)
            logger.info("stage left", seconds=round(time.monotonic() - started, 3))


def _come_to_an_end(
    claimant: Claimant, claimed: Claimed, folder: Path, desk: Desk
) -> End:
    """Work on the stage, as far as it goes; answers with what is to be written down."""
    try:
        made = _work(claimed, folder, desk)
    except StageStopped:
        logger.info("stage stopped: it is no longer ours")
        if flags.broken_off:
            # Perhaps in the middle of a query, or of anything: this horse retires.
            flags.broken_off = False
            flags.lost_track = True
            connection.close()
        return partial(ends.hand_back, claimed)
    except StageHandedBack:
        return partial(ends.hand_back, claimed)
    except StageError as error:
        spoiled = isinstance(error, VendorRefusedError)
        return partial(ends.failed, claimed, failures.foreseen(error), spoiled=spoiled)
    except JobTimeoutException:
        raise
    except AWAY:
        # The stage itself may be fine: its worker's parent gives it to another horse.
        logger.exception("stage lost its database")
        raise
    # The one place that catches all: a stage's function may be anybody's, and whatever
    # is wrong with it must end this stage and not the horse that runs it.
    except Exception as error:
        if failures.is_full(error):
            logger.error("stage found no room to write", error=str(error))
        else:
            logger.exception("stage broke down")
        return partial(ends.failed, claimed, failures.breakdown(error), spoiled=False)
    if isinstance(made, Wait):
        return partial(ends.waiting, claimed, made)
    if isinstance(made, Stage):
        return partial(ends.cached, claimant, claimed, made, folder)
    return partial(ends.succeeded, claimant, claimed, made)


def _work(claimed: Claimed, folder: Path, desk: Desk) -> Made | Wait | Stage:
    ready = desk(partial(_prepare, claimed, folder))
    if isinstance(ready, Stage):
        return ready
    with flags.stoppable():
        told = claimed.step.run(ready)
    if isinstance(told, Wait):
        return told
    return Made(result=told, assets=_store(claimed, told))


def _prepare(claimed: Claimed, folder: Path) -> Workbench[Any] | Stage:
    """The workbench, unless an earlier stage's result serves."""
    if claimed.step.cacheable and claimed.stage.wakes == 0:
        key = cache.key_of(claimed)
        # Written down with its success: only good results are found by it.
        claimed.stage.cache_key = key
        earlier = cache.find(claimed, key) if claimed.job.cache else None
        if earlier:
            return earlier
    folder.mkdir(parents=True, exist_ok=True)
    return open_bench(claimed, folder)


def open_bench(claimed: Claimed, folder: Path) -> Workbench[Any]:
    job, stage, background = claimed.job, claimed.stage, claimed.background
    siblings = Stage.objects.filter(job=job, position=stage.position)
    return Workbench(
        params=background.so_far.params,
        inputs=background.so_far.inputs,
        workdir=folder,
        engine=stage.engine,
        job_id=str(job.pk),
        project=job.project.slug,
        attempt=claimed.attempt,
        part=stage.part,
        part_label=stage.part_label,
        parts=1 if stage.part is None else siblings.count(),
        recorder=StageRecorder(claimed),
        shelf=StageShelf(job, folder / "files"),
        known=background.facts,
        stored_checkpoint=stage.checkpoint,
        webhook_url=hook_url(stage),
    )


def _store(claimed: Claimed, result: StageResult) -> list[Asset]:
    """Store the files first: the transaction that makes them the job's own is short."""
    assets: list[Asset] = []
    with ExitStack() as half_a_result:
        for file in result.files:
            asset = outputs.keep(file, claimed.job, claimed.stage, beside=result.files)
            half_a_result.callback(storage.delete, asset.storage_key)
            half_a_result.callback(storage.delete, asset.thumbnail_key)
            assets.append(asset)
        # It is whole: nothing is taken away again.
        half_a_result.pop_all()
    return assets
