"""Seed 003: AI video ads, its job and stage records, behind /api/v1/ads/."""

from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.test import Client
from PIL import Image, ImageDraw

from ads.styles import Aspect
from tests.conftest import Drain

STAGES = ["script_gen", "voice_gen", "video_gen", "compositing"]
JOB_FIELDS = {
    *("id", "status", "created_at", "updated_at", "product_name", "style", "cta_text"),
    *("product_image_path", "video_url", "error_message", "cost_usd"),
}
STAGE_FIELDS = {
    *("id", "job_id", "stage_name", "status", "progress", "started_at"),
    *("completed_at", "stage_data", "error_message"),
}


@pytest.fixture
def browser(signed_in: Client, monkeypatch: pytest.MonkeyPatch) -> Client:
    small = {
        Aspect.WIDE: (320, 180),
        Aspect.TALL: (180, 320),
        Aspect.SQUARE: (200, 200),
    }
    monkeypatch.setattr(Aspect, "size_px", property(lambda aspect: small[aspect]))
    return signed_in


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    image = Image.new("RGB", (300, 300), (240, 240, 236))
    ImageDraw.Draw(image).rounded_rectangle((80, 60, 220, 260), 24, fill=(180, 40, 60))
    path = tmp_path / "product.png"
    image.save(path)
    return path


def order(**changes: object) -> dict[str, object]:
    fields = {
        "product_name": "Test Product",
        "style": "bold",
        "duration": 6,
        "webm": False,
    }
    return fields | changes


def test_an_ad_from_order_to_video(
    browser: Client, picture: Path, drain: Drain
) -> None:
    with picture.open("rb") as file:
        form = order(cta_text="Buy Now", product_image=file, aspect="1:1")
        made = browser.post("/api/v1/ads/", form)
    assert made.status_code == 201, made.content
    assert made.json()["status"] == "pending"

    drain()

    ad = browser.get(f"/api/v1/ads/{made.json()['id']}/").json()
    assert ad["status"] == "completed", ad["error_message"]
    assert set(ad) >= JOB_FIELDS
    assert ad["product_image_path"]
    assert ad["video_url"]
    assert ad["videos"][0]["aspect"] == "1:1"
    assert ad["script"]["cta"] == "Buy Now"
    assert [scene["index"] for scene in ad["script"]["scenes"]] == [1, 2, 3, 4]
    assert [stage["stage_name"] for stage in ad["stages"]] == STAGES
    assert all(set(stage) >= STAGE_FIELDS for stage in ad["stages"])
    assert all(stage["status"] == "completed" for stage in ad["stages"])
    assert all(stage["progress"] == 100 for stage in ad["stages"])
    assert browser.get("/api/v1/ads/").json()["results"][0]["id"] == ad["id"]


def test_a_script_is_edited_then_approved_then_closed(
    browser: Client, drain: Drain
) -> None:
    made = browser.post("/api/v1/ads/", order(review=True), "application/json").json()
    address = f"/api/v1/ads/{made['id']}/"
    drain()
    waiting = browser.get(address).json()
    assert waiting["status"] == "processing"
    assert waiting["waits_for_approval"]

    edit = {
        "hook": "Hello there",
        "cta": " ",
        "scenes": [
            {"index": 2, "on_screen_text": ""},
            {"index": 4, "voiceover_text": "Get it\nnow."},
        ],
    }
    changed = browser.patch(f"{address}script/", edit, "application/json")
    assert changed.status_code == 200, changed.content
    assert changed.json()["script"]["hook"] == "Hello there"
    # A call to action that was taken away is the style's own again.
    assert changed.json()["script"]["cta"] == "Get it"
    assert browser.post(f"{address}approve/").status_code == 200
    drain()

    ended = browser.get(address).json()
    assert ended["status"] == "completed", ended["error_message"]
    assert ended["script"]["scenes"][3]["voiceover_text"] == "Get it now."
    late = browser.patch(f"{address}script/", {"hook": "Too late"}, "application/json")
    assert late.status_code == 409


def test_an_over_long_voiceover_is_refused_with_a_reason(
    browser: Client, drain: Drain
) -> None:
    made = browser.post("/api/v1/ads/", order(review=True), "application/json").json()
    drain()
    edit = {"scenes": [{"index": 2, "voiceover_text": "far too many words " * 30}]}

    refused = browser.patch(
        f"/api/v1/ads/{made['id']}/script/", edit, "application/json"
    )

    assert refused.status_code == 400
    assert refused.json()["code"] == "script_too_long"
    assert "Shorten" in refused.json()["detail"]


def test_variants_come_as_a_batch_with_different_scripts(
    browser: Client, drain: Drain
) -> None:
    made = browser.post(
        "/api/v1/ads/", order(variants=2, review=True), "application/json"
    )
    assert made.status_code == 201, made.content
    assert made.json()["batch"]
    drain()

    ads = [browser.get(f"/api/v1/ads/{ad['id']}/").json() for ad in made.json()["ads"]]

    assert len(ads) == 2
    assert ads[0]["script"] != ads[1]["script"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"style": "baroque"},
        {"duration": 7},
        {"aspect": "4:3"},
        {"product_name": ""},
        {"product_name": "x" * 501},
        {"colour": "red"},
        {"engine": "kling"},
        {"voice_engine": "elevenlabs"},
    ],
)
def test_bad_orders_are_refused(browser: Client, wrong: dict[str, object]) -> None:
    refused = browser.post("/api/v1/ads/", order(**wrong), "application/json")

    assert refused.status_code == 400
    assert refused.json()["detail"]


def test_a_file_that_is_no_picture_is_refused(browser: Client, tmp_path: Path) -> None:
    fake = tmp_path / "product.png"
    fake.write_bytes(b"nothing to see here")
    with fake.open("rb") as file:
        refused = browser.post("/api/v1/ads/", order(product_image=file))

    assert refused.status_code in (400, 415)


def test_ads_are_their_owners_own(browser: Client, stranger: User) -> None:
    made = browser.post("/api/v1/ads/", order(), "application/json").json()
    other = Client()
    other.force_login(stranger)

    assert other.get(f"/api/v1/ads/{made['id']}/").status_code == 404
    assert Client().get("/api/v1/ads/").status_code in (401, 403)


def test_a_cancelled_ad_reads_failed(browser: Client) -> None:
    made = browser.post("/api/v1/ads/", order(), "application/json").json()

    browser.post(f"/api/v1/jobs/{made['id']}/cancel/")

    ad = browser.get(f"/api/v1/ads/{made['id']}/").json()
    assert (ad["status"], ad["error_message"]) == ("failed", "Cancelled")
