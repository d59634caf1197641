"""Webhooks that are owed: written down in the transaction that makes them true."""

from django.db.models import Q
from django.utils import timezone

from jobs.models import Job, WebhookDelivery, WebhookEndpoint
from jobs.snapshots import load_snapshot


def plan(job: Job, event: str) -> None:
    """Owe a delivery to everybody who asked to hear of this."""
    endpoints = WebhookEndpoint.objects.filter(
        Q(project=None) | Q(project_id=job.project_id),
        owner_id=job.owner_id,
        active=True,
    )
    wanted = [(e, e.url) for e in endpoints if not e.events or event in e.events]
    targets: list[tuple[WebhookEndpoint | None, str]] = [*wanted]
    if job.webhook_url:
        targets.append((None, job.webhook_url))
    if not targets:
        return
    now = timezone.now()
    payload = {"event": event, "job": load_snapshot(job.pk)}
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
