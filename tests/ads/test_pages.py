import pytest
from django.contrib.auth.models import User
from django.test import Client

from jobs import services
from jobs.models import Job
from jobs.services import JobOrder
from tests.conftest import Drain


@pytest.fixture
def waiting(owner: User, drain: Drain) -> Job:
    params = {"product_name": "Aurora", "duration": 15, "webm": False}
    job = services.submit(owner, JobOrder(pipeline="ad", params=params, review=True))
    drain()
    return job


def test_the_job_page_offers_the_script_for_editing(owner: User, waiting: Job) -> None:
    browser = Client()
    browser.force_login(owner)

    shown = browser.get(f"/studio/jobs/{waiting.pk}/").content.decode()

    assert "scene-3-voiceover_text" in shown
    assert "Approve and make the ad" in shown


def test_a_saved_script_is_the_one_that_is_shown(owner: User, waiting: Job) -> None:
    browser = Client()
    browser.force_login(owner)
    form = {"hook": "Look at this", "scene-2-voiceover_text": "It is Aurora."}

    saved = browser.post(f"/studio/ads/{waiting.pk}/script/", form)

    assert saved.status_code == 302
    assert (
        "It is Aurora." in browser.get(f"/studio/jobs/{waiting.pk}/").content.decode()
    )


def test_a_stranger_cannot_change_a_script(stranger: User, waiting: Job) -> None:
    browser = Client()
    browser.force_login(stranger)

    assert browser.post(f"/studio/ads/{waiting.pk}/script/", {}).status_code == 404
