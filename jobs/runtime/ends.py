"""How a stage's run ends: each end is one transaction, and counts only for who still holds the stage."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from django.db import transaction

from jobs import flow
from jobs.errors import StageError
from jobs.files import outputs, storage
from jobs.flow import Change, Failure
from jobs.models import Asset, Job, Stage
from jobs.pipeline import Recorded, StageResult, Wait
from jobs.runtime import cache, claiming, failures, purchasing
from jobs.runtime.background import Background
from jobs.runtime.claiming import Claimant, Claimed
from jobs.runtime.outages import sit_out
from jobs.runtime.signals import flags


@dataclass(frozen=True, kw_only=True)
class Made:
    """What a stage made, stored, and ready to be written down."""

    result: StageResult
    assets: Sequence[Asset]


def succeeded(claimant: Claimant, claimed: Claimed, made: Made) -> Claimed | None:
    facts = made.result.facts.model_dump_json() if made.result.facts else ""

    def end() -> Claimed | None:
        with flow.changing(claimed.job.pk) as change:
            stage = claiming.own_stage(change, claimed)
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
        failed(claimed, failures.foreseen(error), spoiled=False)
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


def cached(
    claimant: Claimant, claimed: Claimed, earlier: Stage, folder: Path
) -> Claimed | None:
    copies = [
        outputs.copy_for(asset, claimed.job, claimed.stage, folder / "files")
        for asset in cache.files_of(earlier)
    ]

    def end() -> Claimed | None:
        with flow.changing(claimed.job.pk) as change:
            stage = claiming.own_stage(change, claimed)
            if stage is None:
                _discard(copies)
                return None
            Asset.objects.bulk_create(copies)
            if claimed.step.record:
                claimed.step.record(_recorded(claimed, earlier.facts))
            flow.skip_for(change, stage, earlier)
            return _follow(claimant, change, claimed, earlier.facts, copies)

    return sit_out(end)


def waiting(claimed: Claimed, told: Wait) -> None:
    """The first wait is told in the job's history; those that follow touch the stage alone."""

    def end() -> None:
        # Only a job that shows something else than a wait has to be told of it.
        if claimed.stage.wakes == 0 or claimed.job.status == Job.Status.RUNNING:
            with flow.changing(claimed.job.pk) as change:
                stage = claiming.own_stage(change, claimed)
                if stage:
                    flow.wait(change, stage, told)
            return
        flow.wait_again(claimed.stage, told)

    sit_out(end)


def failed(claimed: Claimed, failure: Failure, *, spoiled: bool) -> None:
    def end() -> None:
        with flow.changing(claimed.job.pk) as change:
            stage = claiming.own_stage(change, claimed)
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
            stage = claiming.own_stage(change, claimed)
            if stage:
                flow.hand_back(change, stage)

    sit_out(end)


def _discard(assets: Sequence[Asset]) -> None:
    """Files of an attempt that does not count any more."""
    # They are the job's own when it was only the answer of the commit that was lost.
    kept = set(Asset.objects.filter(pk__in=[a.pk for a in assets]).values_list("pk"))
    for asset in assets:
        if (asset.pk,) not in kept:
            transaction.on_commit(partial(storage.delete, asset.storage_key))
            transaction.on_commit(partial(storage.delete, asset.thumbnail_key))
