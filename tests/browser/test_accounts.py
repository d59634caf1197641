"""Who comes new: an account, a password of one's own, and in again."""

from collections.abc import Iterator
from secrets import token_hex, token_urlsafe

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import SIZES, Stack, Studio, open_studio, signed_in


@pytest.fixture(params=list(SIZES))
def newcomer(
    request: pytest.FixtureRequest, browser: Browser, stack: Stack
) -> Iterator[Studio]:
    context = signed_in(browser, request.param, None)
    opened = open_studio(context, stack.url)
    yield opened
    context.close()
    assert opened.complaints == []


def test_a_newcomer_signs_up_and_changes_the_password(newcomer: Studio) -> None:
    name = f"newcomer-{token_hex(4)}"
    # Long ones: two short words of the same letters may be too much alike for Django.
    first, second = (token_urlsafe(32) for _ in range(2))
    page = newcomer.go("/studio/login/")
    page.get_by_role("link", name="Make an account").click()
    newcomer.check_accessible()
    newcomer.check_fits()
    page.get_by_label("Username").fill(name)
    page.get_by_label("Password", exact=True).fill(first)
    page.get_by_label("Password confirmation").fill("another")
    page.get_by_role("button", name="Make it").click()
    expect(page.locator(".problem")).to_contain_text("didn’t match")
    newcomer.check_accessible()
    page.get_by_label("Password", exact=True).fill(first)
    page.get_by_label("Password confirmation").fill(first)
    page.get_by_role("button", name="Make it").click()
    page.wait_for_url("**/studio/")
    # An empty studio says what can be made here, and the settings what may be used.
    expect(page.get_by_role("heading", level=1)).to_contain_text("Make something")
    expect(
        page.get_by_role("button", name="Try it with a sample").first
    ).to_be_visible()
    newcomer.check_accessible()
    newcomer.go("/studio/settings/usage/")
    expect(page.get_by_role("region", name="Limits")).to_contain_text("Storage")
    expect(page.get_by_role("region", name="By month").first).to_contain_text("$0")

    newcomer.go("/studio/settings/")
    page.get_by_role("link", name="Change the password").click()
    page.get_by_label("Old password").fill(first)
    page.get_by_label("New password", exact=True).fill(second)
    page.get_by_label("New password confirmation").fill(second)
    page.get_by_role("button", name="Change it").click()
    expect(page.locator(".note-good")).to_contain_text("Your password is changed")

    page.get_by_role("button", name="Sign out").click()
    _sign_in(newcomer, name, first)
    expect(page.get_by_role("alert")).to_be_visible()
    _sign_in(newcomer, name, second)
    page.wait_for_url("**/studio/")


def _sign_in(newcomer: Studio, name: str, password: str) -> None:
    page = newcomer.go("/studio/login/")
    page.get_by_label("User name").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()
