import base64
import hmac
import json
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.utils import timezone

from jobs import services
from jobs.live import signing
from jobs.live.deliveries import WAITS, deliver_due, redeliver
from jobs.models import Project, WebhookDelivery, WebhookEndpoint
from jobs.services import JobOrder

Status = WebhookDelivery.Status


class Receiver(ThreadingHTTPServer):
    """Somebody who wants to be told, and answers as the test says."""

    def __init__(self) -> None:
        self.heard: list[tuple[dict[str, str], bytes]] = []
        self.answers: list[int] = []
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/hook"


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.heard.append((dict(self.headers), body))
        status = self.server.answers.pop(0) if self.server.answers else 200
        self.send_response(status)
        self.end_headers()
        self.wfile.write(b"heard")

    def log_message(self, *args: Any) -> None:
        pass


@pytest.fixture
def receiver(settings: Any) -> Iterator[Receiver]:
    settings.ALLOW_PRIVATE_ADDRESSES = True
    with Receiver() as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def endpoint(owner: User, receiver: Receiver) -> WebhookEndpoint:
    return WebhookEndpoint.objects.create(
        owner=owner, url=receiver.url, secret=signing.new_secret()
    )


def end_a_job(owner: User, project: Project, **order: Any) -> None:
    services.cancel(
        services.submit(owner, JobOrder(pipeline="tiny", project=project.slug, **order))
    )


def signatures_of(secret: str, headers: dict[str, str], body: bytes) -> str:
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    key = base64.b64decode(secret.removeprefix("whsec_"))
    digest = hmac.digest(key, signed, "sha256")
    return f"v1,{base64.b64encode(digest).decode()}"


def test_an_ended_job_is_told_signed(
    owner: User, project: Project, endpoint: WebhookEndpoint, receiver: Receiver
) -> None:
    end_a_job(owner, project)

    assert deliver_due() == 1

    [(headers, body)] = receiver.heard
    message = json.loads(body)
    assert message["event"] == "job.cancelled"
    assert message["job"]["status"] == "cancelled"
    assert headers["webhook-signature"] == signatures_of(endpoint.secret, headers, body)
    delivery = WebhookDelivery.objects.get()
    assert (delivery.status, delivery.answer_status) == (Status.DELIVERED, 200)
    assert delivery.answer == "heard"
    assert deliver_due() == 0


def test_a_rotated_secret_signs_beside_the_old_one(
    owner: User, project: Project, endpoint: WebhookEndpoint, receiver: Receiver
) -> None:
    old = endpoint.secret
    new = signing.rotate(endpoint)
    end_a_job(owner, project)

    deliver_due()

    [(headers, body)] = receiver.heard
    both = f"{signatures_of(new, headers, body)} {signatures_of(old, headers, body)}"
    assert headers["webhook-signature"] == both


def test_a_failed_delivery_is_tried_again_later_and_later(
    owner: User, project: Project, endpoint: WebhookEndpoint, receiver: Receiver
) -> None:
    receiver.answers = [500, 503]
    end_a_job(owner, project)

    assert deliver_due() == 1
    first = WebhookDelivery.objects.get()
    assert deliver_due() == 0
    WebhookDelivery.objects.update(next_at=timezone.now())
    assert deliver_due() == 1
    second = WebhookDelivery.objects.get()

    assert (first.status, first.answer_status, first.attempts) == (Status.DUE, 500, 1)
    assert first.next_at - timezone.now() < WAITS[0] * 1.2
    assert second.next_at - timezone.now() > WAITS[1] * 0.7
    WebhookDelivery.objects.update(next_at=timezone.now())
    deliver_due()
    assert WebhookDelivery.objects.get().status == Status.DELIVERED
    assert len({headers["webhook-id"] for headers, _ in receiver.heard}) == 1


def test_patience_has_an_end_after_hours(
    owner: User, project: Project, endpoint: WebhookEndpoint, receiver: Receiver
) -> None:
    receiver.answers = [500]
    end_a_job(owner, project)
    WebhookDelivery.objects.update(attempts=len(WAITS))

    deliver_due()

    assert sum(WAITS, timedelta()) > timedelta(hours=12)
    assert WebhookDelivery.objects.get().status == Status.GIVEN_UP


def test_a_delivery_can_be_made_again(
    owner: User, project: Project, endpoint: WebhookEndpoint, receiver: Receiver
) -> None:
    end_a_job(owner, project)
    deliver_due()

    redeliver(WebhookDelivery.objects.get())

    assert deliver_due() == 1
    first, second = receiver.heard
    assert first[0]["webhook-id"] == second[0]["webhook-id"]


def test_private_addresses_are_not_told(
    owner: User,
    project: Project,
    endpoint: WebhookEndpoint,
    receiver: Receiver,
    settings: Any,
) -> None:
    settings.ALLOW_PRIVATE_ADDRESSES = False
    end_a_job(owner, project)

    deliver_due()

    delivery = WebhookDelivery.objects.get()
    assert delivery.status == Status.GIVEN_UP
    assert "private network" in delivery.answer
    assert receiver.heard == []


def test_only_events_that_were_asked_for_are_owed(
    owner: User, project: Project, endpoint: WebhookEndpoint
) -> None:
    endpoint.events = ["job.succeeded"]
    endpoint.save()

    end_a_job(owner, project)

    assert not WebhookDelivery.objects.exists()


def test_a_projects_address_hears_of_that_project_only(
    owner: User, project: Project, endpoint: WebhookEndpoint
) -> None:
    endpoint.project = project
    endpoint.save()
    other = Project.objects.create(owner=owner, slug="other", name="Other")

    end_a_job(owner, other)
    assert not WebhookDelivery.objects.exists()
    end_a_job(owner, project)

    assert WebhookDelivery.objects.get().endpoint == endpoint


def test_a_jobs_own_address_is_told_signed_with_the_owners_secret(
    owner: User, project: Project, receiver: Receiver
) -> None:
    end_a_job(owner, project, webhook_url=receiver.url)

    deliver_due()

    [(headers, body)] = receiver.heard
    secret = signing.owners_secret(owner.pk)
    assert headers["webhook-signature"] == signatures_of(secret, headers, body)


def test_a_letter_is_sent_when_asked_for(
    owner: User, project: Project, mailoutbox: list[mail.EmailMessage]
) -> None:
    owner.email = "owner@example.org"
    owner.save()
    end_a_job(owner, project, notify=True)

    deliver_due()

    [letter] = mailoutbox
    assert letter.to == ["owner@example.org"]
    assert "cancelled" in letter.subject
    assert "/studio/jobs/" in letter.body
