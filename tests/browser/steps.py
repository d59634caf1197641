"""What many ways through the studio begin with, and how they see its end."""

import re
from secrets import token_hex

from playwright.sync_api import Page, expect

from tests.browser.conftest import Studio

# A painting on a busy machine takes its time.
ENDS_WITHIN_MS = 240_000
ENDED = ("succeeded", "failed", "cancelled")


def start_tiny(studio: Studio, *, review: bool = False, **values: str) -> Page:
    page = studio.go("/studio/new/tiny/")
    if review:
        page.get_by_label("Let me look before it goes on").check()
    page.get_by_text("More settings").click()
    # What ran at the other size would come out of the cache before it can be watched.
    own = {"note": token_hex(4)} | values
    for name, value in own.items():
        page.locator(f'[name="p.{name}"]').fill(value)
    page.get_by_role("button", name=re.compile("^Start")).click()
    page.wait_for_url("**/studio/jobs/*/")
    return page


def start_to_review(studio: Studio, text: str) -> Page:
    """A job that ends when the test lets it: it waits for its review."""
    page = start_tiny(studio, review=True, text=text)
    approve = page.get_by_role("button", name="Approve and go on")
    expect(approve).to_be_visible(timeout=ENDS_WITHIN_MS)
    return page


def approve_by_program(studio: Studio, job_url: str) -> None:
    """Not by a page: pages keep in mind what they have told."""
    context = studio.page.context
    tokens = {cookie["name"]: cookie["value"] for cookie in context.cookies()}
    job_id = job_url.rstrip("/").rpartition("/")[2]
    approved = context.request.post(
        f"{studio.url}/api/v1/jobs/{job_id}/approve/",
        headers={"X-CSRFToken": tokens["csrftoken"], "Referer": studio.url},
    )
    assert approved.ok, approved.text()


def has_state(page: Page, state: str) -> None:
    status = page.locator('[data-live-part="status"] .state').first
    expect(status).to_have_text(state, timeout=ENDS_WITHIN_MS)
    if state in ENDED:
        # The word comes first; then the server draws what ended, in one go.
        actions = page.locator('[data-live-part$="actions"]')
        expect(actions).not_to_contain_text("Cancel")
