"""Results, shown as what they are."""

import base64
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from jobs.toolbox import ffmpeg
from mediaforge.places import BASE
from tests.browser.conftest import Stack, Studio, environment_of, open_studio
from tests.browser.steps import ENDS_WITHIN_MS, has_state, start_tiny

_DROP = """([name, text]) => {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const dropped = new DataTransfer();
  dropped.items.add(new File([bytes], name, { type: "image/png" }));
  for (const type of ["dragenter", "dragover", "drop"]) {
    const event = new DragEvent(type, { dataTransfer: dropped, bubbles: true, cancelable: true });
    document.body.dispatchEvent(event);
  }
}"""


def test_a_photo_is_dropped_painted_watched_and_downloaded(
    studio: Studio, picture: Path, browser: Browser
) -> None:
    page = studio.go("/studio/new/painting/")
    text = base64.b64encode(picture.read_bytes()).decode()
    page.evaluate(_DROP, [picture.name, text])
    expect(page.locator("[data-chosen-count]")).to_have_text("· 1 chosen")
    page.get_by_role("button", name=re.compile("^Start")).click()
    page.wait_for_url("**/studio/jobs/*/")

    has_state(page, "succeeded")

    _compare(page)
    _take_apart(page)
    page.locator("mf-model").first.scroll_into_view_if_needed()
    page.locator("mf-model[ready]").first.wait_for()
    # What phones that can show it in the room go by.
    viewer = page.locator("mf-model model-viewer").first
    expect(viewer).to_have_attribute("ar-modes", re.compile("quick-look"))
    expect(viewer).to_have_attribute("ios-src", re.compile(r"\.usdz$"))
    studio.check_accessible()
    studio.check_fits()
    with page.expect_download() as download:
        page.get_by_role("link", name="All as ZIP").click()
    names = zipfile.ZipFile(download.value.path()).namelist()
    assert any("Layer_1_background.png" in name for name in names)
    page.get_by_role("link", name="Correct the depth").click()
    expect(page.locator("[data-canvas]")).to_be_visible()
    studio.check_accessible()
    studio.check_fits()
    page.go_back()
    _visit(page, browser)


def _visit(page: Page, browser: Browser) -> None:
    """By a link, as somebody who has no account."""
    page.locator("summary", has_text="Share").click()
    page.get_by_role("button", name="Make a link").click()
    address = page.get_by_label("Link").input_value()
    visitor = open_studio(browser.new_context(), address.partition("/studio/")[0])
    visitor.page.goto(address)
    painted = visitor.page.locator(".picture img")
    expect(painted).to_have_js_property("complete", True)
    assert painted.evaluate("image => image.naturalWidth") > 0
    visitor.check_accessible()
    assert visitor.complaints == []
    visitor.page.context.close()


def _compare(page: Page) -> None:
    slider = page.get_by_role("slider", name="Before and after")
    slider.fill("25")
    before = page.locator("mf-compare [data-before]")
    assert before.evaluate("image => image.style.clipPath") == "inset(0px 75% 0px 0px)"


def _take_apart(page: Page) -> None:
    layers = page.locator("mf-layers img")
    flat = layers.last.evaluate("image => image.style.transform")
    page.get_by_label("Take apart").fill("100")
    assert layers.last.evaluate("image => image.style.transform") != flat
    page.get_by_role("button", name="Layer 1", exact=True).click()
    expect(layers.first).to_be_hidden()


@pytest.fixture(scope="module")
def ad_page(stack: Stack) -> str:
    command = [sys.executable, "-m", "tests.browser.made_ad"]
    made = subprocess.run(
        command,
        check=True,
        cwd=BASE,
        env=environment_of(stack.var),
        text=True,
        stdout=subprocess.PIPE,
    )
    return made.stdout.split()[-1]


def test_an_ad_is_looked_at_in_its_shapes_with_captions(
    studio: Studio, ad_page: str
) -> None:
    page = studio.go(ad_page)
    wide, tall = (page.locator("mf-shapes .film").nth(place) for place in (0, 1))
    expect(wide).to_be_visible()
    expect(tall).to_be_hidden()
    assert wide.locator("video").evaluate(_CAPTIONS) == ["Meet Aurora."]

    page.get_by_label("Tall 9:16").check()

    expect(tall).to_be_visible()
    expect(wide).to_be_hidden()
    expect(tall.locator("video")).to_have_js_property("videoHeight", 320)
    assert tall.locator("video").evaluate(_CAPTIONS) == ["Meet Aurora."]
    expect(page.get_by_role("region", name="Script")).to_contain_text("Made to be held")
    studio.check_accessible()
    studio.check_fits()


# What is read while they are shown: captions are fetched when they are asked for.
_CAPTIONS = """async (video) => {
  const { track } = video.querySelector("track");
  const loaded = new Promise((done) => {
    video.querySelector("track").addEventListener("load", done);
  });
  track.mode = "showing";
  await loaded;
  return [...track.cues].map((cue) => cue.text);
}"""


def test_a_quiz_is_made_from_the_sample_edited_and_taken(studio: Studio) -> None:
    page = studio.go("/studio/new/")
    page.locator('form[action="/studio/new/quiz/sample/"] button').click()
    page.wait_for_url("**/studio/jobs/*/", timeout=ENDS_WITHIN_MS)
    has_state(page, "succeeded")

    page.get_by_role("link", name="Edit the quiz").click()
    first = page.locator(".quiz-item").first
    prompt = first.get_by_role("heading").inner_text()
    studio.check_accessible()
    studio.check_fits()
    first.get_by_role("button", name="Remove").click()
    expect(first.get_by_role("heading")).not_to_have_text(prompt)
    page.get_by_role("button", name="Undo").click()
    expect(first.get_by_role("heading")).to_have_text(prompt)

    page.get_by_role("link", name="Take it").click()
    page.locator(".quiz-mark").first.click()
    studio.check_accessible()
    studio.check_fits()
    _answer(page)
    expect(page.locator(".quiz-status")).to_contain_text("1 of")


def _answer(page: Page) -> None:
    text = page.locator(".quiz-panel input[name=answer]:not([type])")
    if text.count():
        text.fill("something")
    else:
        page.keyboard.press("1")
    page.get_by_role("button", name="Check").click()


_CHATTER = """1
00:00:00,500 --> 00:00:05,500
So it is, well, this one here, you know. And then that, and this one too, you know.
"""


@pytest.fixture(scope="module")
def empty_quiz(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The page of a lesson in which nothing was said that one could ask about."""
    film = tmp_path_factory.mktemp("lesson") / "lesson.mp4"
    sources = ("-f", "lavfi", "-t", "6", "-i", "testsrc2=s=320x180:r=10")
    sound = ("-f", "lavfi", "-t", "6", "-i", "sine=220")
    ffmpeg.run([*sources, *sound, "-pix_fmt", "yuv420p", film])
    headers = {"Authorization": f"Bearer {stack.api_key}"}
    with httpx.Client(base_url=stack.url, headers=headers, timeout=60) as api:
        folder = "/api/v1/projects/default/assets/"
        lesson = api.put(f"{folder}lesson.mp4", content=film.read_bytes()).json()
        words = api.put(f"{folder}own.srt", content=_CHATTER.encode()).json()
        params = {"formats": ["captions"], "transcript": words["id"]}
        order = {"pipeline": "lesson", "inputs": [lesson["id"]], "params": params}
        job = api.post("/api/v1/jobs/", json=order).json()
    return f"/studio/jobs/{job['id']}/"


def test_a_quiz_without_questions_is_filled_by_hand(
    studio: Studio, empty_quiz: str
) -> None:
    page = studio.go(empty_quiz)
    has_state(page, "succeeded")
    expect(page.get_by_text("was good enough to ask")).to_be_visible()
    page.get_by_role("link", name="Edit the quiz").click()
    expect(page.get_by_text("There is no question yet")).to_be_visible()
    studio.check_accessible()
    studio.check_fits()

    page.get_by_role("button", name="Add a question").click()
    page.get_by_label("Question", exact=True).fill("What counts the seconds?")
    for place, choice in enumerate(("A test picture", "A bird")):
        page.get_by_label("Choice", exact=True).nth(place).fill(choice)
    page.get_by_role("button", name="Save").click()

    asked = page.get_by_role("heading", name="What counts the seconds?")
    expect(asked).to_be_visible()
    expect(page.get_by_text("There is no question yet")).to_be_hidden()
    # As it was, for the other size.
    page.get_by_role("button", name="Remove", exact=True).click()
    expect(page.get_by_text("There is no question yet")).to_be_visible()


def test_results_are_shared_by_a_link(studio: Studio, browser: Browser) -> None:
    page = start_tiny(studio, text="share me")
    has_state(page, "succeeded")
    page.locator("summary", has_text="Share").click()
    page.get_by_role("button", name="Make a link").click()
    address = page.get_by_label("Link").input_value()
    visitor = browser.new_context().new_page()

    visitor.goto(address)

    expect(visitor.get_by_role("link", name="finished.txt")).to_be_visible()
    visitor.context.close()
