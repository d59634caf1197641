"""Words lead to projects, files and jobs, and live in the address."""

from pathlib import Path
from secrets import token_hex

import httpx
import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Stack, Studio


@pytest.fixture
def word(stack: Stack, picture: Path) -> str:
    """A word that a project, a file and a job have in common, and nothing else."""
    word = f"heron{token_hex(3)}"
    headers = {"Authorization": f"Bearer {stack.api_key}"}
    with httpx.Client(base_url=f"{stack.url}/api/v1", headers=headers) as api:
        named = {"name": f"Birds {word}", "slug": f"birds-{word}"}
        api.post("/projects/", json=named).raise_for_status()
        file = (f"{word}.png", picture.read_bytes(), "image/png")
        sent = api.post(f"/projects/{named['slug']}/assets/", files={"file": file})
        order = {"pipeline": "tiny", "inputs": [sent.json()["id"]]}
        api.post("/jobs/", json=order).raise_for_status()
    return word


def test_one_search_finds_projects_files_and_jobs(studio: Studio, word: str) -> None:
    page = studio.go("/studio/search/")
    page.keyboard.press("Escape")
    page.get_by_label("Search everything").last.fill(word[:-1])
    page.keyboard.press("Enter")

    page.wait_for_url(f"**/studio/search/?q={word[:-1]}")
    page.reload()

    found = page.locator("#content")
    expect(found.get_by_role("searchbox")).to_have_value(word[:-1])
    expect(found.get_by_role("link", name=f"Birds {word}")).to_be_visible()
    expect(found.locator(".job-row")).to_contain_text(f"{word}.png")
    expect(found.locator(".tile-grid")).to_contain_text(f"{word}.png")
    studio.check_accessible()
    studio.check_fits()


@pytest.mark.parametrize("studio", ["desk"], indirect=True)
def test_a_key_leads_to_the_search_from_any_page(studio: Studio) -> None:
    page = studio.go("/studio/settings/")
    page.keyboard.press("/")
    page.keyboard.type("no such heron")
    page.keyboard.press("Enter")

    page.wait_for_url("**/studio/search/?q=no+such+heron")
    expect(page.locator("#content")).to_contain_text("Nothing fits these words")
