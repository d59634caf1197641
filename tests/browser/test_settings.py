"""What people set up for themselves."""

from playwright.sync_api import expect

from tests.browser.conftest import Studio


def test_a_webhook_is_made_and_its_secret_shown_once(studio: Studio) -> None:
    page = studio.go("/studio/settings/webhooks/")
    page.get_by_label("Address").fill("https://93.184.215.14/hook")
    page.get_by_role("button", name="Make a webhook").click()
    assert page.get_by_label("Secret", exact=True).input_value().startswith("whsec_")
    studio.check_accessible()
    page.on("dialog", lambda dialog: dialog.accept())

    page.get_by_role("button", name="Delete").click()

    expect(page.locator(".note-good")).to_contain_text("told nothing any more")


def test_an_api_key_is_made_and_revoked(studio: Studio) -> None:
    page = studio.go("/studio/settings/keys/")
    page.get_by_label("Name").fill("from a browser")
    page.get_by_role("button", name="Make a key").click()
    assert page.get_by_label("Key", exact=True).input_value().startswith("mf_")
    studio.check_accessible()
    page.on("dialog", lambda dialog: dialog.accept())

    row = page.locator(".key-list li", has_text="from a browser")
    row.get_by_role("button", name="Revoke").click()

    expect(page.locator(".note-good")).to_contain_text("is revoked")
