"""Sends what is owed: with patience over hours, and a record of every answer."""

import json
import random
import smtplib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.utils import timezone

from jobs.live.signing import headers
from jobs.live.webhooks import MAIL
from jobs.models import WebhookDelivery
from jobs.toolbox.fetch import FetchError, post

# Waits between attempts: about fifteen hours in all.
WAITS = tuple(
    timedelta(seconds=s) for s in (15, 60, 300, 900, 1800, 3600, 7200, 14_400, 28_800)
)
JITTER = 0.2
TIMEOUT_S = 10.0
# Whoever claimed a delivery and died is overtaken after this.
CLAIM = timedelta(minutes=2)
AT_ONCE = 8
GONE = 410

Status = WebhookDelivery.Status


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What came of one attempt."""

    delivered: bool
    # Asking again would be no use.
    final: bool
    status: int | None
    text: str


def deliver_due(limit: int = 50) -> int:
    """Attempt what is due, several at once; how many that were. Any number may run this."""
    claimed = _claim(limit)
    if not claimed:
        return 0
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="deliver") as executor:
        outcomes = list(executor.map(_attempt, claimed))
    for delivery, outcome in zip(claimed, outcomes, strict=True):
        _record(delivery, outcome)
    return len(claimed)


def redeliver(delivery: WebhookDelivery) -> None:
    """Owe it once more, under the same id: receivers know what they have seen."""
    WebhookDelivery.objects.filter(pk=delivery.pk).update(
        status=Status.DUE, attempts=0, next_at=timezone.now(), delivered_at=None
    )


def _claim(limit: int) -> list[WebhookDelivery]:
    now = timezone.now()
    with transaction.atomic():
        due = WebhookDelivery.objects.filter(status=Status.DUE, next_at__lte=now)
        rows = list(due.order_by("next_at").select_for_update(skip_locked=True)[:limit])
        ids = [row.pk for row in rows]
        WebhookDelivery.objects.filter(pk__in=ids).update(next_at=now + CLAIM)
    # The threads that send must not ask the database.
    return list(
        WebhookDelivery.objects.filter(pk__in=ids).select_related("endpoint", "owner")
    )


def _attempt(delivery: WebhookDelivery) -> Outcome:
    if delivery.url.startswith(MAIL):
        return _mail(delivery)
    body = json.dumps(delivery.payload, separators=(",", ":")).encode()
    try:
        answer = post(
            delivery.url,
            body,
            headers={
                "Content-Type": "application/json",
                "webhook-event": delivery.event,
                **headers(delivery, body),
            },
            timeout_s=TIMEOUT_S,
            allow_private=settings.ALLOW_PRIVATE_ADDRESSES,
        )
    except FetchError as error:
        return Outcome(
            delivered=False, final=not error.retryable, status=None, text=error.detail
        )
    return Outcome(
        delivered=200 <= answer.status < 300,
        final=answer.status == GONE,
        status=answer.status,
        text=answer.text,
    )


def _mail(delivery: WebhookDelivery) -> Outcome:
    job = delivery.payload["job"]
    what = f"{job['pipeline']} in {job['project']}"
    reason = f"\n{job['error']['detail']}\n" if job["error"] else ""
    page = f"{settings.PUBLIC_URL}{job['urls']['page']}"
    letter = EmailMessage(
        subject=f"[{settings.APP_NAME}] Your {what}: {job['status']}",
        body=f"Your job {what} has ended: {job['status']}.\n{reason}\n{page}\n",
        to=[delivery.url.removeprefix(MAIL)],
    )
    try:
        letter.send()
    except (smtplib.SMTPException, OSError) as error:
        final = isinstance(error, smtplib.SMTPRecipientsRefused)
        return Outcome(
            delivered=False, final=final, status=None, text=str(error)[:2000]
        )
    return Outcome(delivered=True, final=True, status=None, text="sent")


def _record(delivery: WebhookDelivery, outcome: Outcome) -> None:
    now = timezone.now()
    attempts = delivery.attempts + 1
    over = outcome.final or attempts > len(WAITS)
    if outcome.delivered:
        status, next_at = Status.DELIVERED, None
    elif over:
        status, next_at = Status.GIVEN_UP, None
    else:
        status, next_at = Status.DUE, now + _spread(WAITS[attempts - 1])
    WebhookDelivery.objects.filter(pk=delivery.pk, status=Status.DUE).update(
        status=status,
        attempts=attempts,
        next_at=next_at,
        answer_status=outcome.status,
        answer=outcome.text,
        delivered_at=now if outcome.delivered else None,
    )


def _spread(wait: timedelta) -> timedelta:
    return wait * random.uniform(1 - JITTER, 1 + JITTER)
