"""The staff's pages of jobs move while the work does."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Studio
from tests.browser.steps import approve_by_program, has_state, start_tiny


def _job_id(url: str) -> str:
    return url.rstrip("/").rsplit("/", 1)[1]


@pytest.mark.parametrize("studio", ["desk"], indirect=True)
def test_a_job_is_retried_and_followed_by_staff(studio: Studio) -> None:
    page = start_tiny(studio, review=True, trouble="work:bad:1")
    has_state(page, "failed")
    job_url = page.url
    address = f"{studio.url}/admin/jobs/job/{_job_id(page.url)}/change/"
    page.goto(address)
    buttons = page.locator('[data-live-part="staff-actions"]')

    buttons.get_by_role("button", name="Retry").click()
    expect(page.locator("[data-link-state]")).to_have_text("live")
    assert page.url == address
    expect(buttons.get_by_role("button", name="Cancel")).to_be_visible()
    has_state(page, "waiting")
    approve_by_program(studio, job_url)
    has_state(page, "succeeded")

    # Not the head alone: each stage, the files, and what may be done now.
    stages = page.locator('[data-live-part="stages"] tbody tr')
    for place in range(stages.count()):
        expect(stages.nth(place)).to_contain_text(re.compile("succeeded|skipped"))
    expect(page.get_by_role("link", name="finished.txt")).to_be_visible()
    expect(buttons.get_by_role("button")).to_have_count(0)
    studio.check_accessible()


@pytest.mark.parametrize("studio", ["desk"], indirect=True)
def test_a_list_of_jobs_moves_and_its_actions_work(studio: Studio) -> None:
    page = start_tiny(studio, busy_seconds="60", text="stopped by staff")
    job = _job_id(page.url)
    page.goto(f"{studio.url}/admin/jobs/job/")
    row = page.locator("tr", has=page.locator(f'[data-job="{job}"]'))
    expect(row).to_contain_text("running")

    row.get_by_role("checkbox").check()
    page.locator("select[name=action]").select_option("cancel")
    page.get_by_role("button", name="Go").click()

    expect(page.locator("#content")).to_contain_text("1 jobs cancelled")
    expect(row).to_contain_text("cancelled")
