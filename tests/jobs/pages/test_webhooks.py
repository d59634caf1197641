"""Webhooks by hand: made, shown once, changed over, told again; a stranger's stay a stranger's."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from jobs.live import webhooks
from jobs.models import Project, WebhookDelivery, WebhookEndpoint

PAGE = "/studio/settings/webhooks/"
# An address of the open network, so that no name has to be looked up.
HOOK = "https://93.184.215.14/hook"


@pytest.fixture
def mine(client: Client, owner: User) -> Client:
    client.force_login(owner)
    return client


@pytest.fixture
def hook(owner: User) -> WebhookEndpoint:
    return webhooks.add_endpoint(owner, HOOK)


def test_a_webhook_is_made_and_its_secret_shown_once(
    mine: Client, project: Project
) -> None:
    sent = {"url": HOOK, "project": project.slug, "events": ["job.failed"]}

    answer = mine.post(PAGE, sent)

    made = WebhookEndpoint.objects.get()
    assert made.secret in answer.content.decode()
    assert answer.headers["Cache-Control"] == "no-store"
    assert (made.project, made.events) == (project, ["job.failed"])
    assert made.secret not in mine.get(f"{PAGE}{made.pk}/").content.decode()


def test_who_hears_of_all_ends_named_nothing(mine: Client) -> None:
    mine.post(PAGE, {"url": HOOK, "events": list(webhooks.ENDS)})

    assert WebhookEndpoint.objects.get().events == []


@pytest.mark.parametrize("url", ["http://127.0.0.1/hook", "ftp://example.com", "hook"])
def test_an_address_that_may_not_be_told_is_refused(
    url: str, mine: Client, settings: Any
) -> None:
    settings.ALLOW_PRIVATE_ADDRESSES = False

    answer = mine.post(PAGE, {"url": url}, follow=True)

    assert 'role="alert"' in answer.content.decode()
    assert not WebhookEndpoint.objects.exists()


def test_a_new_secret_signs_beside_the_old_one(
    mine: Client, hook: WebhookEndpoint
) -> None:
    old = hook.secret

    answer = mine.post(f"{PAGE}{hook.pk}/rotate/")

    hook.refresh_from_db()
    assert hook.secret in answer.content.decode()
    assert hook.old_secret == old != hook.secret


def test_a_delivery_is_seen_with_its_answer_and_sent_again(
    mine: Client, owner: User, hook: WebhookEndpoint
) -> None:
    row = WebhookDelivery.objects.create(
        endpoint=hook,
        owner=owner,
        url=hook.url,
        event="job.failed",
        payload={},
        status=WebhookDelivery.Status.GIVEN_UP,
        attempts=10,
        answer_status=503,
        answer="come back later",
        delivered_at=timezone.now(),
    )
    assert "come back later" in mine.get(f"{PAGE}{hook.pk}/").content.decode()

    mine.post(f"/studio/settings/deliveries/{row.pk}/again/")

    row.refresh_from_db()
    assert (row.status, row.attempts) == (WebhookDelivery.Status.DUE, 0)


def test_a_webhook_is_switched_off_tested_and_deleted(
    mine: Client, hook: WebhookEndpoint
) -> None:
    mine.post(f"{PAGE}{hook.pk}/", {"url": f"{HOOK}/2", "events": ["job.running"]})
    hook.refresh_from_db()
    assert (hook.url, hook.events, hook.active) == (
        f"{HOOK}/2",
        ["job.running"],
        False,
    )

    mine.post(f"{PAGE}{hook.pk}/ping/")
    assert hook.deliveries.get().event == webhooks.PING

    mine.post(f"{PAGE}{hook.pk}/delete/")
    assert not WebhookEndpoint.objects.exists()


def test_a_strangers_webhook_is_not_there(
    client: Client, hook: WebhookEndpoint
) -> None:
    client.force_login(User.objects.create_user("stranger"))

    for way in ("", "rotate/", "ping/", "delete/"):
        answer = client.post(f"{PAGE}{hook.pk}/{way}", {"url": HOOK})
        assert answer.status_code == 404

    hook.refresh_from_db()
    assert (hook.active, hook.old_secret) == (True, "")
