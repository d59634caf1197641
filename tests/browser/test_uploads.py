"""Files into a project, also when the network drops."""

import base64
import re
import wave
from pathlib import Path
from secrets import token_hex

from playwright.sync_api import Request, expect

from tests.browser.conftest import Studio


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


def test_a_picture_is_pasted(studio: Studio, picture: Path) -> None:
    page = studio.go("/studio/new/tiny/")

    page.evaluate(_PASTE, base64.b64encode(picture.read_bytes()).decode())

    expect(page.locator(".upload.is-succeeded")).to_contain_text("done")
    expect(page.locator("[data-chosen-count]")).to_have_text("· 1 chosen")


_PASTE = """(text) => {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const pasted = new DataTransfer();
  pasted.items.add(new File([bytes], "pasted.png", { type: "image/png" }));
  const event = new ClipboardEvent("paste", { clipboardData: pasted, bubbles: true });
  document.dispatchEvent(event);
}"""


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
    expect(line).to_contain_text(re.compile(r"MB of .+/s · .+ left"))
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
