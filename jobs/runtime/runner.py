"""Runs one claimed stage from its workbench to the transaction that ends it."""

import errno
import shutil
import time
import traceback
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, Protocol, TypeVar

import structlog
from django.db import connection, transaction
from django.db.models import Case, DateTimeField, F, Value, When
from django.utils import timezone
from rq.timeouts import JobTimeoutException

from jobs import flow
from jobs.errors import (
    StageError,
    VendorRefusedError,
    VendorUnavailableError,
)
from jobs.files import outputs, storage
from jobs.flow import Change, Failure
from jobs.hooks import hook_url
from jobs.models import Asset, Job, Stage
from jobs.pipeline import Recorded, StageResult, Wait, Workbench
from jobs.runtime import cache, claiming, purchasing, scratch
from jobs.runtime.background import Background
from jobs.runtime.claiming import Claimant, Claimed
from jobs.runtime.outages import AWAY, sit_out
from jobs.runtime.recorder import StageRecorder
from jobs.runtime.shelf import StageShelf
from jobs.runtime.signals import StageHandedBack, StageStopped, flags

logger = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class _Made:
    """What a stage made, stored, and ready to be written down."""

    result: StageResult
    assets: Sequence[Asset]


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
        return partial(hand_back, claimed)
    except StageHandedBack:
        return partial(hand_back, claimed)
    except StageError as error:
        spoiled = isinstance(error, VendorRefusedError)
        return partial(_end_failed, claimed, _failure(error), spoiled=spoiled)
    except JobTimeoutException:
        raise
    except AWAY:
        # The stage itself may be fine: its worker's parent gives it to another horse.
        logger.exception("stage lost its database")
        raise
    # The one place that catches all: a stage's function may be anybody's, and whatever
    # is wrong with it must end this stage and not the horse that runs it.
    except Exception as error:
        if _is_full(error):
            logger.error("stage found no room to write", error=str(error))
        else:
            logger.exception("stage broke down")
        return partial(_end_failed, claimed, _breakdown(error), spoiled=False)
    if isinstance(made, Wait):
        return partial(_end_waiting, claimed, made)
    if isinstance(made, Stage):
        return partial(_end_cached, claimant, claimed, made, folder)
    return partial(_end_succeeded, claimant, claimed, made)


def _work(claimed: Claimed, folder: Path, desk: Desk) -> _Made | Wait | Stage:
    ready = desk(partial(_prepare, claimed, folder))
    if isinstance(ready, Stage):
        return ready
    with flags.stoppable():
        told = claimed.step.run(ready)
    if isinstance(told, Wait):
        return told
    return _Made(result=told, assets=_store(claimed, told))


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


# Ends ---------------------------------------------------------------------------------


def _end_succeeded(claimant: Claimant, claimed: Claimed, made: _Made) -> Claimed | None:
    facts = made.result.facts.model_dump_json() if made.result.facts else ""

    def end() -> Claimed | None:
        with flow.changing(claimed.job.pk) as change:
            stage = own_stage(change, claimed)
            if stage is None:
                _discard(made.assets)
                return None
            Asset.objects.bulk_create(made.assets)
            if claimed.step.record:
                claimed.step.record(_recorded(claimed, facts))
            flow.succeed(
                change,
                stage,
                facts=facts,
                note=made.result.note,
                cache_key=claimed.stage.cache_key,
            )
            return _follow(claimant, change, claimed, facts, made.assets)

    try:
        return sit_out(end)
    except StageError as error:
        _discard(made.assets)
        _end_failed(claimed, _failure(error), spoiled=False)
        return None


def _recorded(claimed: Claimed, facts: str) -> Recorded:
    return Recorded(
        job_id=str(claimed.job.pk),
        step=claimed.step.name,
        part=claimed.stage.part,
        facts=facts,
    )


def _follow(
    claimant: Claimant,
    change: Change,
    ended: Claimed,
    facts: str,
    assets: Sequence[Asset],
) -> Claimed | None:
    """Go straight on with the job's next stage."""
    if flags.draining:
        return None

    def background_of(following: Stage) -> Background:
        return ended.background.after(ended.stage, facts, assets, following)

    return claiming.claim_following(claimant, change, background_of)


def _end_cached(
    claimant: Claimant, claimed: Claimed, earlier: Stage, folder: Path
) -> Claimed | None:
    copies = [
        outputs.copy_for(asset, claimed.job, claimed.stage, folder / "files")
        for asset in cache.files_of(earlier)
    ]

    def end() -> Claimed | None:
        with flow.changing(claimed.job.pk) as change:
            stage = own_stage(change, claimed)
            if stage is None:
                _discard(copies)
                return None
            Asset.objects.bulk_create(copies)
            if claimed.step.record:
                claimed.step.record(_recorded(claimed, earlier.facts))
            flow.skip_for(change, stage, earlier)
            return _follow(claimant, change, claimed, earlier.facts, copies)

    return sit_out(end)


def _end_waiting(claimed: Claimed, told: Wait) -> None:
    """The first wait is told in the job's history; those that follow touch the stage alone."""

    def end() -> None:
        # Only a job that shows something else than a wait has to be told of it.
        if claimed.stage.wakes == 0 or claimed.job.status == Job.Status.RUNNING:
            with flow.changing(claimed.job.pk) as change:
                stage = own_stage(change, claimed)
                if stage:
                    flow.wait(change, stage, told)
            return
        now = timezone.now()
        fields = flow.wait_fields(claimed.stage, told, now)
        # Somebody may have called for it while it asked: then it asks again at once.
        fields["wake_at"] = Case(
            When(wake_at__gt=F("claimed_at"), then=Value(now)),
            default=Value(fields["wake_at"]),
            output_field=DateTimeField(),
        )
        own = Stage.objects.filter(
            pk=claimed.stage.pk, attempt=claimed.attempt, status=Stage.Status.RUNNING
        )
        own.update(**fields)

    sit_out(end)


def _end_failed(claimed: Claimed, failure: Failure, *, spoiled: bool) -> None:
    def end() -> None:
        with flow.changing(claimed.job.pk) as change:
            stage = own_stage(change, claimed)
            if stage is None:
                return
            if spoiled:
                # A checkpoint would lead the next try back to what is spoiled.
                purchasing.void_all(stage)
                change.set(stage, checkpoint=None)
            flow.fail(change, stage, failure)

    sit_out(end)


def hand_back(claimed: Claimed) -> None:
    def end() -> None:
        with flow.changing(claimed.job.pk) as change:
            stage = own_stage(change, claimed)
            if stage:
                flow.hand_back(change, stage)

    sit_out(end)


def own_stage(change: Change, claimed: Claimed) -> Stage | None:
    """The stage under its job's lock, if it still belongs to this attempt."""
    for stage in change.stages:
        if stage.pk == claimed.stage.pk:
            mine = stage.attempt == claimed.attempt
            return stage if mine and stage.status == Stage.Status.RUNNING else None
    return None


def _discard(assets: Sequence[Asset]) -> None:
    """Files of an attempt that does not count any more."""
    # They are the job's own when it was only the answer of the commit that was lost.
    kept = set(Asset.objects.filter(pk__in=[a.pk for a in assets]).values_list("pk"))
    for asset in assets:
        if (asset.pk,) not in kept:
            transaction.on_commit(partial(storage.delete, asset.storage_key))
            transaction.on_commit(partial(storage.delete, asset.thumbnail_key))


def _failure(error: StageError) -> Failure:
    retry_after: timedelta | None = None
    if isinstance(error, VendorUnavailableError):
        retry_after = error.retry_after
    return Failure(
        code=error.code,
        detail=error.detail,
        retryable=error.retryable,
        retry_after=retry_after,
    )


def _breakdown(error: Exception) -> Failure:
    """An error that no one foresaw: worth another try, and told without its insides."""
    if _is_full(error):
        return Failure(
            code="storage_full",
            detail="The server has no room left to store files. "
            "Delete what is not needed any more, or ask its operator for more room.",
            retryable=True,
        )
    last = traceback.extract_tb(error.__traceback__)[-1]
    where = f"{Path(last.filename).name}:{last.lineno}"
    return Failure(
        code="internal_error",
        detail=f"This step broke down ({type(error).__name__} at {where}). "
        "The server's log has the details.",
        retryable=True,
    )


def _is_full(error: Exception) -> bool:
    return isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)
