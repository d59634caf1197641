"""What a person draws over a painting's photo makes the rest of it anew, and no more."""

import io

import numpy as np
import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image

from jobs import services
from jobs.files.assets import receive
from jobs.files.intake import Intake, SizeLimit
from jobs.models import Job, Project, Stage
from jobs.services import JobOrder
from paintings.scenery import compose
from tests.conftest import Drain

pytestmark = pytest.mark.django_db(transaction=True)


def _png(pixels: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> bytes:
    stored = io.BytesIO()
    Image.fromarray(pixels).save(stored, "PNG")
    return stored.getvalue()


@pytest.fixture
def mine(owner: User) -> Client:
    client = Client()
    client.force_login(owner)
    return client


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
    mine: Client, painting: Job, drain: Drain
) -> None:
    place = f"/studio/paintings/{painting.pk}/correct/"
    assert place.encode() in mine.get(f"/studio/jobs/{painting.pk}/").content
    assert b"data-correct" in mine.get(place).content
    mask = np.zeros((64, 96), np.uint8)
    mask[10:30, 60:90] = 255
    file = SimpleUploadedFile("mask.png", _png(mask), content_type="image/png")

    answer = mine.post(place, {"mask": file})
    drain()

    again = Job.objects.exclude(pk=painting.pk).get()
    assert answer.url == f"/studio/jobs/{again.pk}/"
    assert again.status == Job.Status.SUCCEEDED
    ran = dict(again.stages.values_list("name", "status"))
    assert ran["check"] == ran["depth"] == Stage.Status.SKIPPED
    assert ran["layers"] == ran["previews"] == Stage.Status.SUCCEEDED
    box = again.result["layers"][1]["bounding_box"]
    assert abs(box["x"] - 60) < 6
    assert abs(box["y"] - 10) < 6
    assert b'data-mask="/' in mine.get(f"/studio/paintings/{again.pk}/correct/").content


def test_nothing_drawn_is_said_and_starts_nothing(
    mine: Client, painting: Job, stranger: User
) -> None:
    place = f"/studio/paintings/{painting.pk}/correct/"

    answer = mine.post(place, {}, follow=True)

    assert b"Paint over the photo, or choose a picture, first." in answer.content
    assert Job.objects.count() == 1
    other = Client()
    other.force_login(stranger)
    assert other.get(place).status_code == 404
