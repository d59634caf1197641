"""Webhooks and letters that are owed: written down in the transaction that makes them true."""

from collections.abc import Sequence

from django.conf import settings
from django.contrib.auth.models import User
from django.db.models import Q
from django.utils import timezone

from jobs.live import signing
from jobs.models import Job, Project, WebhookDelivery, WebhookEndpoint
from jobs.snapshots import iso, load_snapshot
from jobs.toolbox.fetch import check_url

EVENTS = tuple(f"job.{status}" for status in Job.Status.values)
# What is told to those who named no events.
ENDS = tuple(f"job.{status.value}" for status in Job.ENDED)
# A letter is a delivery, too: with the same patience and the same log.
MAIL = "mailto:"
PING = "ping"

Target = tuple[WebhookEndpoint | None, str]


def check_address(url: str) -> str:
    """Refuses what is no address, and private ones unless the operator allows them."""
    check_url(url, allow_private=settings.ALLOW_PRIVATE_ADDRESSES)
    return url


def add_endpoint(
    owner: User,
    url: str,
    *,
    project: Project | None = None,
    events: Sequence[str] = (),
    active: bool = True,
) -> WebhookEndpoint:
    """Somebody who is told from now on, with a secret to know us by."""
    return WebhookEndpoint.objects.create(
        owner=owner,
        project=project,
        url=check_address(url),
        events=list(dict.fromkeys(events)),
        active=active,
        secret=signing.new_secret(),
    )


def ping(endpoint: WebhookEndpoint) -> WebhookDelivery:
    """A first word, to see whether it arrives."""
    now = timezone.now()
    return WebhookDelivery.objects.create(
        endpoint=endpoint,
        owner_id=endpoint.owner_id,
        url=endpoint.url,
        event=PING,
        payload={"event": PING, "at": iso(now)},
        next_at=now,
    )


def plan(job: Job, event: str, *, to_endpoints: bool) -> None:
    """Owe a delivery to everybody who asked to hear of this; its owner may have no endpoints."""
    endpoints = _endpoints(job, event) if to_endpoints else []
    targets = [*endpoints, *_own(job, event)]
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
