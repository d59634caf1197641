"""What a person draws over a painting's photo makes the rest of it anew, and no more."""

import io

import numpy as np
import pytest
from django.contrib.auth.models import User
from django.contrib.staticfiles import finders
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image
from playwright.sync_api import Page, Route, expect, sync_playwright

from jobs import services
from jobs.files.assets import receive
from jobs.files.intake import Intake
from jobs.files.quotas import SizeLimit
from jobs.models import Asset, Job, Project, Stage
from jobs.services import JobOrder
from paintings.scenery import compose
from tests import chromium
from tests.conftest import Drain

pytestmark = pytest.mark.django_db(transaction=True)


def _png(pixels: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> bytes:
    stored = io.BytesIO()
    Image.fromarray(pixels).save(stored, "PNG")
    return stored.getvalue()


@pytest.fixture
def painting(owner: User, project: Project, drain: Drain) -> Job:
    photo = _png(compose("landscape", seed=3, width=96, height=64).photo)
    limit = SizeLimit(max_bytes=10**6, max_image_bytes=10**6)
    incoming = Intake(limit=limit).take([photo])
    asset = receive(project, incoming, filename="hill.png")
    order = JobOrder(
        pipeline="painting",
        project=project.slug,
        params={"num_layers": 2},
        inputs=[str(asset.pk)],
    )
    job = services.submit(owner, order)
    drain()
    return job


def test_a_drawn_mask_leaves_alone_what_does_not_depend_on_it(
    signed_in: Client, painting: Job, drain: Drain
) -> None:
    place = f"/studio/paintings/{painting.pk}/correct/"
    assert place.encode() in signed_in.get(f"/studio/jobs/{painting.pk}/").content
    assert b"data-correct" in signed_in.get(place).content
    mask = np.zeros((64, 96), np.uint8)
    mask[10:30, 60:90] = 255
    file = SimpleUploadedFile("mask.png", _png(mask), content_type="image/png")

    answer = signed_in.post(place, {"mask": file})
    drain()

    again = Job.objects.exclude(pk=painting.pk).get()
    assert answer.headers["Location"] == f"/studio/jobs/{again.pk}/"
    assert again.status == Job.Status.SUCCEEDED
    ran = dict(again.stages.values_list("name", "status"))
    assert ran["check"] == ran["depth"] == Stage.Status.SKIPPED
    assert ran["layers"] == ran["previews"] == Stage.Status.SUCCEEDED
    box = again.result["layers"][1]["bounding_box"]
    assert abs(box["x"] - 60) < 6
    assert abs(box["y"] - 10) < 6
    assert (
        b'data-mask="/'
        in signed_in.get(f"/studio/paintings/{again.pk}/correct/").content
    )


def test_nothing_drawn_is_said_and_starts_nothing(
    signed_in: Client, painting: Job, stranger: User
) -> None:
    place = f"/studio/paintings/{painting.pk}/correct/"

    answer = signed_in.post(place, {}, follow=True)

    assert b"Paint over the photo, or choose a picture, first." in answer.content
    assert Job.objects.count() == 1
    other = Client()
    other.force_login(stranger)
    assert other.get(place).status_code == 404


def test_a_mask_is_painted_in_a_browser_by_pointer_and_by_keys(
    signed_in: Client, painting: Job, server: str
) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium.executable(), args=["--no-sandbox"]
        )
        session = signed_in.cookies["sessionid"].value
        context = browser.new_context(viewport={"width": 1200, "height": 800})
        context.add_cookies([{"name": "sessionid", "value": session, "url": server}])
        context.route("**/static/**", _serve_static)
        page = context.new_page()
        complaints: list[str] = []
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(f"{server}/studio/paintings/{painting.pk}/correct/")
        _paint(page)
        page.get_by_role("button", name="Make it again").click()
        page.wait_for_url("**/studio/jobs/*/")
        browser.close()

    again = Job.objects.exclude(pk=painting.pk).get()
    stored = Asset.objects.get(pk=again.params["mask"])
    with default_storage.open(stored.storage_key) as file:
        mask = np.asarray(Image.open(file).convert("L"))
    assert mask.shape == (64, 96)
    # The stroke from left to right in the upper half, the dab in the very middle.
    assert mask[16, 24:72].min() > 200
    assert mask[32, 48] > 200
    assert mask[50:].max() < 50
    assert "depth_map" not in {k for k, v in again.params.items() if v}
    assert complaints == []


def _serve_static(route: Route) -> None:
    """As a web server would: tests collect no static files."""
    found = finders.find(route.request.url.partition("/static/")[2])
    assert isinstance(found, str)
    route.fulfill(path=found)


def _paint(page: Page) -> None:
    canvas = page.locator("[data-canvas]")
    expect(canvas).to_have_js_property("width", 96)
    box = canvas.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 0.25 * box["width"], box["y"] + 0.25 * box["height"])
    page.mouse.down()
    for share in (0.4, 0.6, 0.75):
        page.mouse.move(
            box["x"] + share * box["width"], box["y"] + 0.25 * box["height"]
        )
    page.mouse.up()
    # What is undone is gone.
    page.mouse.click(box["x"] + 0.5 * box["width"], box["y"] + 0.9 * box["height"])
    page.get_by_role("button", name="Undo").click()
    page.mouse.move(2, 2)
    canvas.focus()
    # The brush appears in the middle with the first key.
    canvas.press("Space")
