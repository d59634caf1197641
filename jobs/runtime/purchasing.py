"""Buying once: an intent is written down before the call, and the vendor's id the moment it is known."""

import time
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from decimal import Decimal

from django.utils import timezone

from jobs import flow, ledger
from jobs.errors import (
    VendorOutcomeUnknownError,
    VendorRefusedError,
    VendorUnavailableError,
)
from jobs.flow import Change
from jobs.models import Event, Job, Stage
from jobs.models import Purchase as PurchaseRow
from jobs.runtime import claiming
from jobs.runtime.claiming import Claimed
from jobs.runtime.outages import sit_out
from jobs.runtime.signals import StageStopped, flags
from jobs.workbench import Purchase

State = PurchaseRow.State

# For so long a call may be on its way although its vendor does not know of it yet: a
# worker that was only stopped for a while goes on where it was.
ON_ITS_WAY_S = 10.0
LOOK_AGAIN_S = 1.0


def buy(
    claimed: Claimed,
    purchase: Purchase,
    send: Callable[[str], str],
    look_up: Callable[[str], str | None] | None,
) -> str:
    row = _row_of(claimed, purchase)
    if row is None:
        row = _intend(claimed, purchase)
    elif row.vendor_id:
        return row.vendor_id
    else:
        found = _look_up(purchase, row, look_up)
        if found:
            return _know(row, found)
        with flow.changing(claimed.job.pk) as change:
            _own_stage(change, claimed)
    # A cancel in here would lose the answer of a call that is paid for.
    with flags.unbreakable():
        try:
            vendor_id = send(str(row.pk))
        except (VendorRefusedError, VendorUnavailableError):
            # Both say that nothing was bought; a lost answer is an error of another kind.
            void(row)
            raise
        return _know(row, vendor_id)


def settle(claimed: Claimed, purchase: Purchase, actual_usd: Decimal) -> None:
    """Book the real price, once, even when the stage has been taken away meanwhile."""
    row = _row_of(claimed, purchase) or _intend(claimed, purchase)
    with flow.changing(claimed.job.pk) as change:
        settled = PurchaseRow.objects.filter(pk=row.pk).exclude(state=State.SETTLED)
        won = settled.update(
            state=State.SETTLED, actual_usd=actual_usd, settled_at=timezone.now()
        )
        stage = next((s for s in change.stages if s.pk == claimed.stage.pk), None)
        if won and stage:
            flow.add_cost(change, stage, actual_usd)
            change.note(
                Event.Kind.SPENT,
                stage,
                vendor=purchase.vendor,
                item=purchase.item,
                usd=float(actual_usd),
            )


def void(row: PurchaseRow) -> None:
    PurchaseRow.objects.filter(pk=row.pk).exclude(state=State.SETTLED).update(
        state=State.VOID
    )


def void_all(stage: Stage) -> None:
    """The vendor spoiled what was bought: another try must buy anew."""
    stage.purchases.exclude(state=State.SETTLED).update(state=State.VOID)


def _row_of(claimed: Claimed, purchase: Purchase) -> PurchaseRow | None:
    rows = PurchaseRow.objects.filter(stage=claimed.stage, item=purchase.item)
    return rows.exclude(state=State.VOID).first()


def _intend(claimed: Claimed, purchase: Purchase) -> PurchaseRow:
    job = claimed.job
    with flow.changing(job.pk) as change:
        stage = _own_stage(change, claimed)
        ledger.check_budgets(change.job, purchase.estimate_usd)
        row = PurchaseRow.objects.create(
            stage=stage,
            job=job,
            owner_id=job.owner_id,
            project_id=job.project_id,
            vendor=purchase.vendor,
            item=purchase.item,
            estimate_usd=purchase.estimate_usd,
        )
        change.note(
            Event.Kind.BOUGHT,
            stage,
            vendor=purchase.vendor,
            item=purchase.item,
            estimate_usd=float(purchase.estimate_usd),
        )
    return row


def _own_stage(change: Change, claimed: Claimed) -> Stage:
    """Only who holds the stage may buy for it."""
    stage = claiming.own_stage(change, claimed)
    if stage is None:
        raise StageStopped
    return stage


def _know(row: PurchaseRow, vendor_id: str) -> str:
    intended = PurchaseRow.objects.filter(pk=row.pk)
    sit_out(lambda: intended.update(state=State.KNOWN, vendor_id=vendor_id))
    return vendor_id


def let_vendor_hear(claimed: Claimed, *, checkpoint: str) -> None:
    """A stage that was cancelled while it bought: its vendor can be told only now."""
    if claimed.step.cancel is None:
        return
    # A job that has been deleted meanwhile left nothing to cancel with.
    with suppress(Job.DoesNotExist), flow.changing(claimed.job.pk) as change:
        for stage in change.stages:
            if (
                stage.pk == claimed.stage.pk
                and stage.attempt == claimed.attempt
                and stage.status in (Stage.Status.CANCELLED, Stage.Status.EXPIRED)
                and stage.purchases.filter(state=State.KNOWN).exists()
            ):
                change.set(stage, checkpoint=checkpoint, vendor_cancel_due=True)


def _look_up(
    purchase: Purchase,
    row: PurchaseRow,
    look_up: Callable[[str], str | None] | None,
) -> str | None:
    """What became of a call whose answer was lost; None when it will never arrive."""
    if look_up is None:
        raise VendorOutcomeUnknownError(
            purchase.vendor,
            f"{purchase.vendor} was asked for “{purchase.item}” and its answer was lost. "
            "It may have been charged. Look at your account there; retry to buy again.",
        )
    arrives_by = row.created_at + timedelta(seconds=ON_ITS_WAY_S)
    while True:
        late = timezone.now() > arrives_by
        found = look_up(str(row.pk))
        if found or late:
            return found
        flags.check()
        time.sleep(LOOK_AGAIN_S)
