"""Webhooks and letters that are owed: written down in the transaction that makes them true."""

from django.contrib.auth.models import User
from django.db.models import Q
from django.utils import timezone

from jobs.models import Job, WebhookDelivery, WebhookEndpoint
from jobs.snapshots import load_snapshot

EVENTS = tuple(f"job.{status}" for status in Job.Status.values)
# What is told to those who named no events.
ENDS = tuple(f"job.{status.value}" for status in Job.ENDED)
# A letter is a delivery, too: with the same patience and the same log.
MAIL = "mailto:"

Target = tuple[WebhookEndpoint | None, str]


def plan(job: Job, event: str) -> None:
    """Owe a delivery to everybody who asked to hear of this."""
    targets = [*_endpoints(job, event), *_own(job, event)]
    if not targets:
        return
    now = timezone.now()
    payload = {"event": event, "at": now.isoformat(), "job": load_snapshot(job.pk)}
    WebhookDelivery.objects.bulk_create(
        WebhookDelivery(
            endpoint=endpoint,
            owner_id=job.owner_id,
            job=job,
            url=url,
            event=event,
            payload=payload,
            next_at=now,
        )
        for endpoint, url in targets
    )


def _endpoints(job: Job, event: str) -> list[Target]:
    rows = WebhookEndpoint.objects.filter(
        Q(project=None) | Q(project_id=job.project_id),
        owner_id=job.owner_id,
        active=True,
    )
    return [(row, row.url) for row in rows if event in (row.events or ENDS)]


def _own(job: Job, event: str) -> list[Target]:
    """What the job itself was submitted with."""
    if event not in ENDS:
        return []
    targets: list[Target] = [(None, job.webhook_url)] if job.webhook_url else []
    if job.notify:
        address = User.objects.values_list("email", flat=True).get(pk=job.owner_id)
        if address:
            targets.append((None, f"{MAIL}{address}"))
    return targets
