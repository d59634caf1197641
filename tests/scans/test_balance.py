"""Staff see what is left at KIRI, whatever KIRI does."""

from collections.abc import Iterator

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from tests.vendors.kiri import KEY, KiriEmulator, kiri_emulator


@pytest.fixture
def kiri(settings: object) -> Iterator[KiriEmulator]:
    cache.clear()
    with kiri_emulator() as emulator:
        settings.KIRI_API_KEY = KEY  # type: ignore[attr-defined]
        settings.KIRI_BASE_URL = emulator.url  # type: ignore[attr-defined]
        yield emulator


def _dashboard(admin_client: Client) -> str:
    answer = admin_client.get(reverse("staff:dashboard"))
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_dashboard_shows_the_credits_that_are_left(
    kiri: KiriEmulator, admin_client: Client
) -> None:
    kiri.balance = 37

    assert "37 credits left" in _dashboard(admin_client)


def test_a_broken_vendor_does_not_break_the_dashboard(
    kiri: KiriEmulator, admin_client: Client
) -> None:
    kiri.failures = [kiri.refusal(503)]

    assert "KIRI is busy or broken (503)" in _dashboard(admin_client)
    # Asked once: the next look does not wait again.
    assert "KIRI is busy or broken (503)" in _dashboard(admin_client)


def test_without_a_key_no_account_is_shown(
    settings: object, admin_client: Client
) -> None:
    settings.KIRI_API_KEY = ""  # type: ignore[attr-defined]

    assert "KIRI Engine" not in _dashboard(admin_client)
