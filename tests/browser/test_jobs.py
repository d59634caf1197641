"""A job, from its start to its end, on its page and in lists."""

import re
from pathlib import Path
from secrets import token_hex

import httpx
import psutil
import pytest
from PIL import Image
from playwright.sync_api import Browser, expect

from tests.browser.conftest import Stack, Studio
from tests.browser.steps import (
    ENDS_WITHIN_MS,
    has_state,
    start_tiny,
    start_to_review,
)


def test_a_job_is_followed_live_to_its_end(studio: Studio) -> None:
    page = start_tiny(studio, text="hello from a browser", busy_seconds="1")

    has_state(page, "succeeded")

    expect(page.get_by_role("link", name="finished.txt")).to_be_visible()
    expect(page.get_by_role("link", name="Again with changes")).to_be_visible()
    studio.check_accessible()
    studio.check_fits()


def test_a_cut_socket_is_said_and_the_end_still_seen(studio: Studio) -> None:
    studio.expected.append("WebSocket")
    studio.page.route_web_socket(re.compile("/ws/"), lambda socket: socket.close())

    page = start_tiny(studio, text="without a socket", busy_seconds="4")

    expect(page.locator("[data-link-state]")).to_contain_text("connection cut")
    has_state(page, "succeeded")


@pytest.mark.parametrize("studio", ["desk"], indirect=True)
def test_a_server_that_starts_again_is_waited_for(studio: Studio, stack: Stack) -> None:
    studio.expected += [
        "WebSocket",
        "ERR_CONNECTION_REFUSED",
        "ERR_EMPTY_RESPONSE",
        "50",
    ]
    page = start_to_review(studio, "through a restart")
    link = page.locator("[data-link-state]")
    expect(link).to_have_text("live")

    _kill_web_server(stack)

    expect(link).not_to_have_text("live")
    # Clicked once the server is there again, which pages with forms are told of.
    expect(link).to_have_text("live")
    page.get_by_role("button", name="Approve and go on").click()
    has_state(page, "succeeded")
    expect(page.get_by_role("link", name="finished.txt")).to_be_visible()


def _kill_web_server(stack: Stack) -> None:
    """Its supervisor, which holds the port as well, starts it again."""
    port = httpx.URL(stack.url).port
    [server] = [
        process
        for process in psutil.process_iter(["cmdline"])
        if "web" in (process.info["cmdline"] or ()) and _listens(process, port)
    ]
    server.kill()


def _listens(process: psutil.Process, port: int | None) -> bool:
    return any(
        connection.status == psutil.CONN_LISTEN and connection.laddr.port == port
        for connection in process.net_connections("tcp")
    )


def test_a_failure_gives_advice_and_goes_again_from_its_step(studio: Studio) -> None:
    page = start_tiny(studio, trouble="work:bad")

    has_state(page, "failed")
    expect(page.get_by_role("alert")).to_contain_text("Send a better one")
    studio.check_accessible()
    page.get_by_role("button", name="Again from here").first.click()
    expect(page.get_by_role("alert")).to_contain_text("Send a better one")
    page.get_by_role("link", name="Again with changes").first.click()
    page.get_by_text("More settings").click()
    page.locator('[name="p.trouble"]').fill("")
    page.get_by_role("button", name=re.compile("^Start")).click()

    has_state(page, "succeeded")


def test_a_job_is_cancelled(studio: Studio) -> None:
    page = start_tiny(studio, busy_seconds="60", text="cancel me")

    page.get_by_role("button", name="Cancel").click()

    has_state(page, "cancelled")


def test_a_job_waits_for_its_review(studio: Studio) -> None:
    page = studio.go("/studio/new/tiny/")
    page.get_by_label("Let me look before it goes on").check()
    page.get_by_role("button", name=re.compile("^Start")).click()
    approve = page.get_by_role("button", name="Approve and go on")
    expect(approve).to_be_visible(timeout=ENDS_WITHIN_MS)
    studio.check_accessible()

    approve.click()

    has_state(page, "succeeded")


def test_several_files_become_a_batch(studio: Studio, tmp_path: Path) -> None:
    files = [tmp_path / f"{token_hex(3)}.png" for _ in range(2)]
    for place, file in enumerate(files):
        Image.new("RGB", (64, 48), (90 * place, 60, 120)).save(file)
    page = studio.go("/studio/new/tiny/")
    page.locator("[data-choose]").first.set_input_files([str(f) for f in files])
    expect(page.locator("[data-chosen-count]")).to_have_text("· 2 chosen")

    page.get_by_text("One job for each file").click()
    page.get_by_role("button", name="Start 2 jobs").click()

    page.wait_for_url("**/studio/batches/*/")
    expect(page.locator(".job-row")).to_have_count(2)
    # Both move on this page, also after the first has ended.
    ended = page.locator('.job-row[data-status="succeeded"]')
    expect(ended).to_have_count(2, timeout=ENDS_WITHIN_MS)


def test_filters_live_in_the_address(studio: Studio) -> None:
    page = studio.go("/studio/jobs/")

    page.get_by_label("State").select_option("succeeded")

    page.wait_for_url("**status=succeeded**")
    expect(page.get_by_label("State")).to_have_value("succeeded")


def test_jobs_are_started_and_read_without_javascript(
    stack: Stack, browser: Browser, picture: Path
) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{stack.url}/studio/login/")
    page.fill("#id_username", stack.username)
    page.fill("#id_password", stack.password)
    page.click("button.btn-lg")
    page.goto(f"{stack.url}/studio/new/tiny/")
    page.set_input_files("#files", str(picture))
    page.click("button.btn-lg")

    assert "/studio/jobs/" in page.url
    assert "gradient.png" in page.text_content("h1")
    context.close()
