"""What many ways through the studio begin with, and how they see its end."""

import re
from secrets import token_hex

from playwright.sync_api import Page, expect

from tests.browser.conftest import Studio

# A painting on a busy machine takes its time.
ENDS_WITHIN_MS = 240_000
ENDED = ("succeeded", "failed", "cancelled")


def start_tiny(studio: Studio, **values: str) -> Page:
    page = studio.go("/studio/new/tiny/")
    page.get_by_text("More settings").click()
    # What ran at the other size would come out of the cache before it can be watched.
    own = {"note": token_hex(4)} | values
    for name, value in own.items():
        page.locator(f'[name="p.{name}"]').fill(value)
    page.get_by_role("button", name=re.compile("^Start")).click()
    page.wait_for_url("**/studio/jobs/*/")
    return page


def has_state(page: Page, state: str) -> None:
    status = page.locator('[data-live-part="status"] .state').first
    expect(status).to_have_text(state, timeout=ENDS_WITHIN_MS)
    if state in ENDED:
        # The word comes first; then the server draws what ended, in one go.
        actions = page.locator('[data-live-part$="actions"]')
        expect(actions).not_to_contain_text("Cancel")
