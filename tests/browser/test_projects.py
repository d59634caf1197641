"""A project is made, named anew, and deleted with what it holds."""

from playwright.sync_api import expect

from tests.browser.conftest import Studio


def test_a_project_is_renamed_and_deleted(studio: Studio) -> None:
    page = studio.go("/studio/projects/")
    name = f"Short lived {page.viewport_size['width']}"
    page.locator("summary", has_text="New project").click()
    page.get_by_label("Name").fill(name)
    page.get_by_role("button", name="Make it").click()
    page.wait_for_url("**/studio/projects/short-lived-*/")
    page.locator("#content").get_by_label("More").click()
    page.get_by_label("Name").fill(f"{name}, renamed")
    page.get_by_role("button", name="Rename").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"{name}, renamed")

    page.locator("#content").get_by_label("More").click()
    page.get_by_role("link", name="Delete the project").click()
    expect(page.locator(".goes")).to_contain_text("0 uploaded files")
    studio.check_accessible()
    slug = page.locator("label .mono").inner_text()
    page.get_by_label("Type").fill(slug)
    page.get_by_role("button", name="Delete everything").click()

    page.wait_for_url("**/studio/projects/")
    expect(page.get_by_role("link", name=f"{name}, renamed")).to_have_count(0)
