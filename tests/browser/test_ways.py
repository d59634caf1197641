"""The ways through the studio, each in a real browser at two sizes."""

import re
import wave
from collections.abc import Iterator
from pathlib import Path
from secrets import token_hex
from typing import Any

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, Request, expect

from tests.browser.conftest import SIZES, Stack, Studio, open_studio, signed_in

ENDS_WITHIN_MS = 90_000


def _start_tiny(studio: Studio, **values: str) -> Page:
    page = studio.go("/studio/new/tiny/")
    page.get_by_text("More settings").click()
    # What ran at the other size would come out of the cache before it can be watched.
    own = {"note": token_hex(4)} | values
    for name, value in own.items():
        page.locator(f'[name="p.{name}"]').fill(value)
    page.get_by_role("button", name=re.compile("^Start")).click()
    page.wait_for_url("**/studio/jobs/*/")
    return page


def _has_state(page: Page, state: str) -> None:
    status = page.locator('[data-live-part="status"] .state').first
    expect(status).to_have_text(state, timeout=ENDS_WITHIN_MS)


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    y, x = np.mgrid[0:240, 0:320]
    pixels = np.stack([x % 256, y % 256, (x * y // 80) % 256], axis=-1)
    path = tmp_path / "gradient.png"
    Image.fromarray(pixels.astype(np.uint8)).save(path)
    return path


def test_an_empty_studio_says_what_can_be_made(studio: Studio) -> None:
    page = studio.go("/studio/")

    expect(page.get_by_role("heading", level=1)).to_be_visible()
    pictures = page.locator(".cover-art img")
    assert pictures.count() >= 5
    for place in range(pictures.count()):
        pictures.nth(place).scroll_into_view_if_needed()
        expect(pictures.nth(place)).to_have_js_property("complete", True)
        assert pictures.nth(place).evaluate("image => image.naturalWidth") > 0


def test_a_job_is_followed_live_to_its_end(studio: Studio) -> None:
    page = _start_tiny(studio, text="hello from a browser", busy_seconds="1")

    _has_state(page, "succeeded")

    expect(page.get_by_role("link", name="finished.txt")).to_be_visible()
    expect(page.get_by_role("link", name="Again with changes")).to_be_visible()
    studio.check_accessible()
    studio.check_fits()


def test_a_cut_socket_is_said_and_the_end_still_seen(studio: Studio) -> None:
    studio.expected.append("WebSocket")
    studio.page.route_web_socket(re.compile("/ws/"), lambda socket: socket.close())

    page = _start_tiny(studio, text="without a socket", busy_seconds="4")

    expect(page.locator("[data-link-state]")).to_contain_text("connection cut")
    _has_state(page, "succeeded")


def test_a_failure_gives_advice_and_goes_again_from_its_step(studio: Studio) -> None:
    page = _start_tiny(studio, trouble="work:bad")

    _has_state(page, "failed")
    expect(page.get_by_role("alert")).to_contain_text("Send a better one")
    studio.check_accessible()
    page.get_by_role("link", name="Again with changes").first.click()
    page.get_by_text("More settings").click()
    page.locator('[name="p.trouble"]').fill("")
    page.get_by_role("button", name=re.compile("^Start")).click()

    _has_state(page, "succeeded")


def test_a_job_is_cancelled(studio: Studio) -> None:
    page = _start_tiny(studio, busy_seconds="60", text="cancel me")

    page.get_by_role("button", name="Cancel").click()

    _has_state(page, "cancelled")


def test_a_job_waits_for_its_review(studio: Studio) -> None:
    page = studio.go("/studio/new/tiny/")
    page.get_by_label("Let me look before it goes on").check()
    page.get_by_role("button", name=re.compile("^Start")).click()
    approve = page.get_by_role("button", name="Approve and go on")
    expect(approve).to_be_visible(timeout=ENDS_WITHIN_MS)
    studio.check_accessible()

    approve.click()

    _has_state(page, "succeeded")


def test_files_are_uploaded_and_shown(studio: Studio, picture: Path) -> None:
    page = studio.go("/studio/projects/")
    name = f"Uploads {page.viewport_size['width']}"
    page.locator("summary", has_text="New project").click()
    page.get_by_label("Name").fill(name)
    page.get_by_role("button", name="Make it").click()
    page.wait_for_url("**/studio/projects/uploads-*/")

    page.locator("[data-choose]").first.set_input_files(str(picture))

    tile = page.locator(".tile-grid .tile-link img").first
    expect(tile).to_be_visible()
    expect(tile).to_have_js_property("complete", True)
    studio.check_accessible()
    page.locator(".tile-link").first.click()
    expect(page.locator(".stage img")).to_be_visible()
    studio.check_accessible()


def test_a_dead_file_is_refused_before_it_is_sent(
    studio: Studio, tmp_path: Path
) -> None:
    empty = tmp_path / "empty.jpg"
    empty.touch()
    page = studio.go("/studio/new/tiny/")

    page.locator("[data-choose]").first.set_input_files(str(empty))

    expect(page.get_by_role("alert")).to_have_text("is empty")


def test_a_damaged_picture_and_a_wrong_kind_are_refused(
    studio: Studio, tmp_path: Path
) -> None:
    broken, film = tmp_path / "broken.png", tmp_path / "film.mp4"
    broken.write_bytes(b"\x89PNG\r\n\x1a\n" + b"no picture")
    film.write_bytes(b"\0\0\0\x18ftypmp42")
    page = studio.go("/studio/new/painting/")

    page.locator("[data-choose]").first.set_input_files([str(broken), str(film)])

    refused = page.locator(".upload.is-failed")
    expect(refused.nth(0)).to_contain_text("cannot be opened as a picture")
    expect(refused.nth(1)).to_contain_text("is a video; this takes image")


def test_an_upload_is_paused_and_goes_on_after_a_reload(
    studio: Studio, tmp_path: Path
) -> None:
    sound = tmp_path / f"long-{token_hex(3)}.wav"
    _write_wav(sound, seconds=190)
    page = studio.go("/studio/new/transcription/")
    page.on("dialog", lambda dialog: dialog.accept())
    # The network drops after the first piece, until the page has been loaded again.
    studio.expected.append("ERR_INTERNET_DISCONNECTED")
    page.route(
        "**/api/v1/uploads/**",
        lambda route, request: (
            route.abort("internetdisconnected")
            if _is_rest(request)
            else route.continue_()
        ),
    )
    page.locator("[data-choose]").first.set_input_files(str(sound))
    line = page.locator(".upload", has_text=sound.name)
    line.get_by_role("button", name="Pause").click()
    expect(line).to_contain_text("paused")
    with page.expect_request(_is_rest):
        line.get_by_role("button", name="Go on").click()

    page.reload()
    page.unroute_all(behavior="ignoreErrors")
    expect(page.locator(".upload-note")).to_contain_text(sound.name)
    with page.expect_request(_is_rest):
        page.locator("[data-choose]").first.set_input_files(str(sound))

    expect(page.locator(".upload.is-succeeded")).to_contain_text("done")


def _is_rest(request: Request) -> bool:
    """A piece of an upload that is not its first."""
    return request.method == "PATCH" and request.headers["upload-offset"] != "0"


def _write_wav(path: Path, *, seconds: int) -> None:
    with wave.open(str(path), "wb") as sound:
        sound.setparams((1, 2, 48_000, 0, "NONE", ""))
        sound.writeframes(bytes(2 * 48_000 * seconds))


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


def test_an_end_is_told_on_whichever_page_is_open(studio: Studio) -> None:
    page = _start_tiny(studio, text="tell me elsewhere", busy_seconds="3")

    page.goto(f"{studio.url}/studio/settings/")

    expect(page.locator(".toast")).to_contain_text("tiny: succeeded")


def test_a_webhook_is_made_and_its_secret_shown_once(studio: Studio) -> None:
    page = studio.go("/studio/settings/webhooks/")
    page.get_by_label("Address").fill("https://93.184.215.14/hook")
    page.get_by_role("button", name="Make a webhook").click()
    assert page.get_by_label("Secret", exact=True).input_value().startswith("whsec_")
    studio.check_accessible()
    page.on("dialog", lambda dialog: dialog.accept())

    page.get_by_role("button", name="Delete").click()

    expect(page.locator(".note-good")).to_contain_text("told nothing any more")


def test_results_are_shared_by_a_link(studio: Studio, browser: Browser) -> None:
    page = _start_tiny(studio, text="share me")
    _has_state(page, "succeeded")
    page.locator("summary", has_text="Share").click()
    page.get_by_role("button", name="Make a link").click()
    address = page.get_by_label("Link").input_value()
    visitor = browser.new_context().new_page()

    visitor.goto(address)

    expect(visitor.get_by_role("link", name="finished.txt")).to_be_visible()
    visitor.context.close()


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


PAGES = (
    "/studio/",
    "/studio/new/",
    "/studio/new/tiny/",
    "/studio/projects/",
    "/studio/jobs/",
    "/studio/settings/",
    "/studio/settings/password/",
    "/studio/settings/webhooks/",
    "/studio/settings/usage/",
    "/studio/nothing/",
    "/admin/",
    "/admin/dashboard/",
    "/admin/failures/",
    "/admin/jobs/job/",
    "/admin/jobs/stage/",
    "/admin/jobs/asset/",
    "/admin/jobs/project/",
    "/admin/jobs/worker/",
    "/admin/auth/user/",
    "/admin/queues/",
)
MOST_BYTES = 250_000
MOST_SHIFT = 0.05
_FELT = """async () => {
  const shifts = await new Promise((done) => {
    let sum = 0;
    const watch = new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) if (!entry.hadRecentInput) sum += entry.value;
    });
    watch.observe({ type: "layout-shift", buffered: true });
    setTimeout(() => done(sum), 50);
  });
  const loaded = [
    ...performance.getEntriesByType("navigation"),
    ...performance.getEntriesByType("resource"),
  ];
  return { shifts, bytes: loaded.reduce((sum, entry) => sum + entry.encodedBodySize, 0) };
}"""


@pytest.fixture(scope="module", params=list(SIZES))
def visitor(
    request: pytest.FixtureRequest, browser: Browser, stack: Stack, session: Any
) -> Iterator[Studio]:
    """One page of each size that goes everywhere: what pages share is fetched once."""
    # As for those who ask for it: nothing is measured half-way through a movement.
    context = signed_in(browser, request.param, session, reduced_motion="reduce")
    opened = open_studio(context, stack.url)
    yield opened
    context.close()


@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_accessible_and_light_and_fits(path: str, visitor: Studio) -> None:
    visitor.complaints.clear()
    visitor.expected = ["404"] if path.endswith("nothing/") else []
    page = visitor.go(path)

    visitor.check_accessible()
    visitor.check_fits()

    felt = page.evaluate(_FELT)
    assert felt["shifts"] < MOST_SHIFT
    assert felt["bytes"] < MOST_BYTES
    assert visitor.complaints == []
