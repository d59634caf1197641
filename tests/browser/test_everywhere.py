"""What every page does."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Studio
from tests.browser.steps import approve_by_program, start_to_review


def test_an_empty_studio_says_what_can_be_made(studio: Studio) -> None:
    page = studio.go("/studio/")

    expect(page.get_by_role("heading", level=1)).to_be_visible()
    pictures = page.locator(".cover-art img")
    assert pictures.count() >= 5
    for place in range(pictures.count()):
        pictures.nth(place).scroll_into_view_if_needed()
        expect(pictures.nth(place)).to_have_js_property("complete", True)
        assert pictures.nth(place).evaluate("image => image.naturalWidth") > 0


def test_an_end_is_told_on_whichever_page_is_open(studio: Studio) -> None:
    page = start_to_review(studio, "tell me elsewhere")
    job_url = page.url
    page.goto(f"{studio.url}/studio/settings/")

    approve_by_program(studio, job_url)

    expect(page.locator(".toast")).to_contain_text("tiny: succeeded")


def test_an_end_is_told_by_the_browser_when_its_page_is_out_of_sight(
    studio: Studio,
) -> None:
    studio.page.context.grant_permissions(["notifications"], origin=studio.url)
    page = start_to_review(studio, "tell me by the browser")
    expect(page.locator("[data-link-state]")).to_have_text("live")
    page.evaluate(_OUT_OF_SIGHT)

    approve_by_program(studio, page.url)

    expect(page.locator("body")).to_have_attribute("data-told", "tiny: succeeded")


# A headless browser has no other window to look at, and nowhere to show what it tells.
_OUT_OF_SIGHT = """() => {
  Object.defineProperty(document, "hidden", { get: () => true });
  window.Notification = class extends EventTarget {
    static permission = "granted";
    constructor(title) { super(); document.body.dataset.told = title; }
  };
}"""


@pytest.mark.parametrize("studio", ["desk"], indirect=True)
@pytest.mark.parametrize("path", ["/docs", "/redoc"])
def test_the_api_s_reference_asks_no_other_host(path: str, studio: Studio) -> None:
    # The policy keeps a maker's mark away; the browser says so.
    studio.expected.append("cdn.redoc.ly")
    page = studio.go(path)

    named = page.get_by_role("heading", name=re.compile("^MediaForge"))
    expect(named.first).to_be_visible()


def test_keys_lead_through_the_studio(studio: Studio) -> None:
    page = studio.go("/studio/")
    page.keyboard.press("?")
    expect(page.get_by_role("heading", name="Keyboard shortcuts")).to_be_visible()
    page.keyboard.press("Escape")

    page.keyboard.press("g")
    page.keyboard.press("j")

    page.wait_for_url("**/studio/jobs/")


def test_the_theme_is_switched_and_kept(studio: Studio) -> None:
    page = studio.go("/studio/")
    page.keyboard.press("t")
    page.keyboard.press("t")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")

    page.reload()

    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    studio.check_accessible()
