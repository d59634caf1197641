"""A stranger finds nothing that is not theirs, whichever door they knock at."""

from typing import Any

import httpx
import pytest
from django.contrib.auth.models import User

from jobs import services
from jobs.models import WebhookEndpoint
from jobs.services import JobOrder
from tests.jobs.doors import client_for
from tests.jobs.media import png


@pytest.fixture
def things(api: httpx.Client, owner: User) -> dict[str, str]:
    """One of everything, all of it the owner's."""
    asset = api.post("/api/v1/projects/shop/assets/", files={"file": png()}).json()
    project = api.get("/api/v1/projects/shop/").json()
    job = services.submit(
        owner, JobOrder(pipeline="tiny", project="shop", inputs=[asset["id"]])
    )
    batch = services.submit_batch(owner, [JobOrder(pipeline="tiny", project="shop")])
    webhook = WebhookEndpoint.objects.create(
        owner=owner, url="https://x.org/", secret="s"
    )
    tus = {"Tus-Resumable": "1.0.0", "Upload-Length": "100"}
    upload = api.post("/api/v1/uploads/", headers=tus).headers["Location"]
    [key] = api.get("/api/v1/keys/").json()["results"]
    return {
        "project": project["id"],
        "asset": asset["id"],
        "file": asset["url"],
        "stored_name": asset["filename"],
        "job": str(job.pk),
        "batch": str(batch.pk),
        "webhook": str(webhook.pk),
        "upload": upload,
        "key": key["id"],
    }


CALLS = [
    ("GET", "/api/v1/projects/shop/"),
    ("GET", "/api/v1/projects/{project}/"),
    ("PATCH", "/api/v1/projects/{project}/"),
    ("DELETE", "/api/v1/projects/{project}/"),
    ("GET", "/api/v1/projects/{project}/events/"),
    ("GET", "/api/v1/projects/{project}/assets/"),
    ("PUT", "/api/v1/projects/{project}/assets/a.png"),
    ("GET", "/api/v1/projects/{project}/assets/{stored_name}"),
    ("GET", "/api/v1/projects/shop/?owner=owner"),
    ("GET", "/api/v1/assets/{asset}/"),
    ("DELETE", "/api/v1/assets/{asset}/"),
    ("GET", "{file}"),
    ("GET", "/api/v1/assets/{asset}/thumbnail/"),
    ("GET", "/api/v1/jobs/{job}/"),
    ("PATCH", "/api/v1/jobs/{job}/"),
    ("DELETE", "/api/v1/jobs/{job}/"),
    ("POST", "/api/v1/jobs/{job}/cancel/"),
    ("POST", "/api/v1/jobs/{job}/retry/"),
    ("POST", "/api/v1/jobs/{job}/approve/"),
    ("GET", "/api/v1/jobs/{job}/events/"),
    ("GET", "/api/v1/jobs/{job}/log/"),
    ("GET", "/api/v1/jobs/{job}/outputs/"),
    ("GET", "/api/v1/jobs/{job}/archive/"),
    ("GET", "/api/v1/jobs/?project={project}"),
    ("GET", "/api/v1/batches/{batch}/"),
    ("POST", "/api/v1/batches/{batch}/cancel/"),
    ("GET", "/api/v1/batches/{batch}/archive/"),
    ("GET", "/api/v1/webhooks/{webhook}/"),
    ("DELETE", "/api/v1/webhooks/{webhook}/"),
    ("POST", "/api/v1/webhooks/{webhook}/rotate/"),
    ("GET", "/api/v1/webhooks/{webhook}/deliveries/"),
    ("GET", "/api/v1/keys/{key}/"),
    ("DELETE", "/api/v1/keys/{key}/"),
    ("GET", "{upload}"),
]


def test_strangers_get_404_and_nobody_401(
    things: dict[str, str], strange_api: httpx.Client, server: str
) -> None:
    for method, pattern in CALLS:
        path = pattern.format(**things)
        body: dict[str, Any] = {"json": {"name": "x", "priority": "low"}}
        if method == "PUT":
            body = {"content": png()}
        elif method == "GET":
            body = {}
        answer = strange_api.request(method, path, **body)
        assert answer.status_code == 404, f"{method} {path}: {answer.text}"
        assert httpx.request(method, f"{server}{path}").status_code == 401, path


def test_lists_hold_ones_own_only(
    things: dict[str, str], strange_api: httpx.Client
) -> None:
    for name in ("projects", "assets", "jobs", "batches", "webhooks", "uploads"):
        answer = strange_api.get(f"/api/v1/{name}/").json()
        assert answer["results"] == [], name


def test_another_owners_assets_are_no_inputs(
    things: dict[str, str], strange_api: httpx.Client
) -> None:
    order = {"pipeline": "tiny", "inputs": [things["asset"]]}

    answer = strange_api.post("/api/v1/jobs/", json=order)

    assert answer.status_code == 400
    assert "no asset" in answer.json()["detail"]


def test_staff_with_an_admin_key_see_all(
    things: dict[str, str], server: str, staff: User
) -> None:
    with client_for(server, staff) as client:
        assert client.get(f"/api/v1/jobs/{things['job']}/").status_code == 200
        assert client.get("/api/v1/projects/shop/?owner=owner").status_code == 200
