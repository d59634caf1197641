"""What all calls share: keys, scopes, limits, errors, repeats, pages."""

import zipfile
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.contrib.auth.models import User
from django.core.files.storage import default_storage
from django.test import Client
from django.utils import timezone

from jobs.files import storage
from jobs.models import ApiKey, Asset, Job, Project
from tests.conftest import Drain
from tests.jobs.doors import client_for
from tests.jobs.media import png

TINY = {"pipeline": "tiny", "project": "shop"}


def submit(api: httpx.Client, **more: Any) -> dict[str, Any]:
    answer = api.post("/api/v1/jobs/", json=TINY | more)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def test_a_job_goes_from_order_to_archive(api: httpx.Client, drain: Drain) -> None:
    asset = api.post("/api/v1/projects/shop/assets/", files={"file": png()}).json()

    job = submit(api, inputs=[asset["id"]], params={"text": "hello"})
    drain()

    done = api.get(job["urls"]["self"]).json()
    assert (done["status"], done["progress"]) == ("succeeded", 100)
    outputs = api.get(job["urls"]["outputs"]).json()["results"]
    assert outputs == done["outputs"]
    archive = api.get(job["urls"]["archive"])
    assert archive.headers["Content-Length"] == str(len(archive.content))
    assert archive.content.startswith(b"PK")
    events = api.get(job["urls"]["events"]).json()["results"]
    assert [each["seq"] for each in events] == list(range(1, done["seq"] + 1))
    later = api.get(job["urls"]["events"], params={"after": 3}).json()["results"]
    assert later == events[3:]


def test_addresses_work_with_and_without_a_slash(api: httpx.Client) -> None:
    job = api.post("/api/v1/jobs", json=TINY).json()

    assert api.get(f"/api/v1/jobs/{job['id']}").json()["id"] == job["id"]


def test_a_job_can_be_cancelled_and_retried(api: httpx.Client) -> None:
    job = submit(api)

    assert api.post(job["urls"]["cancel"]).json()["status"] == "cancelled"
    again = api.post(job["urls"]["cancel"])
    assert (again.status_code, again.json()["code"]) == (409, "conflict")
    retried = api.post(job["urls"]["retry"], json={"from": "work"})
    assert retried.json()["status"] in ("queued", "running"), retried.text
    assert api.post(job["urls"]["approve"]).status_code == 409


@pytest.mark.parametrize(
    ("order", "field"),
    [
        ({"pipeline": "tiny", "params": {"colour": "red"}}, "colour"),
        ({"pipeline": "tiny", "priority": "urgent"}, "priority"),
        ({"pipeline": "tiny", "engine": "warp"}, "engine"),
        ({"pipeline": "tiny", "inputs": ["nope"]}, "inputs"),
        ({"pipeline": "tiny", "webhook_url": "http://127.0.0.1/x"}, "webhook_url"),
        ({"params": {}}, "pipeline"),
    ],
)
def test_a_bad_order_says_what_is_wrong(
    api: httpx.Client, order: dict[str, Any], field: str
) -> None:
    answer = api.post("/api/v1/jobs/", json=order)

    assert answer.status_code == 400
    told = answer.json()
    assert set(told) == {"detail", "code", "errors"}
    assert told["detail"].endswith(".")
    assert field in told["errors"]


@pytest.mark.parametrize(
    "body",
    [b"{", b'{"a": NaN}', b'{"pipeline": "\\u0000"}', b'"\\ud800"', b"[" * 100_000],
)
def test_a_body_that_cannot_be_read_is_400(api: httpx.Client, body: bytes) -> None:
    headers = {"Content-Type": "application/json"}

    answer = api.post("/api/v1/jobs/", content=body, headers=headers)

    assert answer.status_code == 400
    assert set(answer.json()) == {"detail", "code", "errors"}


def test_a_huge_json_is_refused(api: httpx.Client) -> None:
    body = b'{"pipeline": "' + b"x" * 6_000_000 + b'"}'

    answer = api.post(
        "/api/v1/jobs/", content=body, headers={"Content-Type": "application/json"}
    )

    assert answer.status_code == 413


def test_a_repeat_with_the_same_key_makes_one_job(api: httpx.Client) -> None:
    headers = {"Idempotency-Key": "one"}

    first = api.post("/api/v1/jobs/", json=TINY, headers=headers)
    again = api.post("/api/v1/jobs/", json=TINY, headers=headers)
    other = api.post("/api/v1/jobs/", json=TINY | {"priority": "low"}, headers=headers)

    assert first.json() == again.json()
    assert Job.objects.count() == 1
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_key_reused")


def test_a_failed_first_try_leaves_the_key_free(api: httpx.Client) -> None:
    headers = {"Idempotency-Key": "two"}
    bad = api.post("/api/v1/jobs/", json={"pipeline": "none"}, headers=headers)

    good = api.post("/api/v1/jobs/", json=TINY, headers=headers)

    assert (bad.status_code, good.status_code) == (404, 201)


def test_pages_go_forth_and_back(api: httpx.Client) -> None:
    made = [submit(api)["id"] for _ in range(5)][::-1]

    first = api.get("/api/v1/jobs/", params={"limit": 2}).json()
    second = api.get(first["next"]).json()
    third = api.get(second["next"]).json()
    back = api.get(second["previous"]).json()

    assert [j["id"] for j in first["results"]] == made[:2]
    assert [j["id"] for j in second["results"]] == made[2:4]
    assert [j["id"] for j in third["results"]] == made[4:]
    assert third["next"] is None
    assert first["previous"] is None
    assert [j["id"] for j in back["results"]] == made[:2]
    assert api.get("/api/v1/jobs/?cursor=x").status_code == 400


def test_jobs_are_filtered(api: httpx.Client) -> None:
    kept = submit(api, project="kept")
    submit(api)
    api.post(kept["urls"]["cancel"])

    def ids(**filters: str) -> list[str]:
        answer = api.get("/api/v1/jobs/", params=filters)
        return [job["id"] for job in answer.json()["results"]]

    assert ids(project="kept") == ids(status="cancelled") == [kept["id"]]
    assert len(ids(pipeline="tiny")) == 2
    assert api.get("/api/v1/jobs/?status=odd").status_code == 400
    assert api.get("/api/v1/jobs/?project=none").status_code == 404


def test_a_batch_is_a_job_an_input(api: httpx.Client) -> None:
    ids = [
        api.post("/api/v1/projects/shop/assets/", files={"file": png()}).json()["id"]
        for _ in range(2)
    ]

    batch = api.post(
        "/api/v1/batches/", json={"pipeline": "tiny", "project": "shop", "inputs": ids}
    ).json()

    assert [job["inputs"] for job in batch["jobs"]] == [[ids[0]], [ids[1]]]
    assert batch["counts"] == {"queued": 2}
    cancelled = api.post(f"/api/v1/batches/{batch['id']}/cancel/").json()
    assert cancelled["status"] == "cancelled"


def test_a_batch_is_all_or_nothing(api: httpx.Client) -> None:
    jobs = [TINY, {"pipeline": "tiny", "params": {"bad": 1}}]

    answer = api.post("/api/v1/batches/", json={"jobs": jobs})

    assert answer.status_code == 400
    assert "Job 2" in answer.json()["detail"]
    assert not Job.objects.exists()


def test_pipelines_say_what_they_take_and_what_it_would_cost(api: httpx.Client) -> None:
    tiny = api.get("/api/v1/pipelines/tiny/").json()
    estimate = api.post("/api/v1/pipelines/tiny/estimate/", json={}).json()

    assert tiny["params"]["properties"]["text"]["maxLength"] == 200
    assert {engine["name"] for engine in tiny["engines"]} >= {"local"}
    assert set(estimate) == {"seconds", "cost_usd"}


def test_a_key_is_shown_once_and_works_until_it_is_revoked(
    api: httpx.Client, server: str
) -> None:
    order = {"name": "laptop", "scopes": ["read"]}
    made = api.post("/api/v1/keys/", json=order).json()
    headers = {"Authorization": f"Bearer {made['key']}"}
    jobs = f"{server}/api/v1/jobs/"

    assert made["key"].startswith(made["prefix"])
    assert made["key"] not in ApiKey.objects.get(pk=made["id"]).digest
    assert "key" not in api.get(f"/api/v1/keys/{made['id']}/").json()
    assert httpx.get(jobs, headers=headers).status_code == 200
    denied = httpx.post(jobs, json=TINY, headers=headers)
    assert (denied.status_code, denied.json()["code"]) == (403, "permission_denied")
    assert api.delete(f"/api/v1/keys/{made['id']}/").status_code == 204
    assert httpx.get(jobs, headers=headers).status_code == 401


def test_a_key_says_when_it_was_used_and_ends_when_it_was_to(
    api: httpx.Client, server: str
) -> None:
    soon = timezone.now() + timedelta(hours=1)
    order = {"name": "guest", "expires_at": soon.isoformat()}
    made = api.post("/api/v1/keys/", json=order).json()
    headers = {"Authorization": f"Bearer {made['key']}"}
    jobs = f"{server}/api/v1/jobs/"

    assert made["last_used_at"] is None
    assert httpx.get(jobs, headers=headers).status_code == 200
    assert api.get(f"/api/v1/keys/{made['id']}/").json()["last_used_at"]
    ApiKey.objects.filter(pk=made["id"]).update(expires_at=timezone.now())
    assert httpx.get(jobs, headers=headers).status_code == 401


def test_a_key_that_writes_cannot_make_keys(server: str, owner: User) -> None:
    with client_for(server, owner, "read", "write") as client:
        answer = client.post("/api/v1/keys/", json={"name": "more"})

    assert answer.status_code == 403


def test_a_staff_members_everyday_key_sees_their_own_only(
    server: str, staff: User, project: Project
) -> None:
    path = f"/api/v1/projects/{project.pk}/"
    with client_for(server, staff, "read") as everyday:
        assert everyday.get(path).status_code == 404
    with client_for(server, staff, "admin") as full:
        assert full.get(path).json()["owner"] == "owner"


def test_calls_are_limited_by_key_and_say_when_to_come_back(
    api: httpx.Client, strange_api: httpx.Client, settings: Any
) -> None:
    settings.RATE_LIMITS = {"stats": "3/hour"}

    answers = [api.get("/api/v1/stats/") for _ in range(4)]

    assert [a.status_code for a in answers] == [200, 200, 200, 429]
    assert answers[0].headers["RateLimit-Limit"] == "3"
    assert answers[2].headers["RateLimit-Remaining"] == "0"
    assert 0 < int(answers[3].headers["Retry-After"]) <= 3601
    assert answers[3].json()["code"] == "throttled"
    assert strange_api.get("/api/v1/stats/").status_code == 200
    assert api.get("/api/v1/me/").status_code == 200


def test_guessing_keys_is_limited_by_address(server: str, settings: Any) -> None:
    settings.RATE_LIMITS = {"me": "2/hour"}
    guess = {"Authorization": "Bearer mf_guess"}

    answers = [httpx.get(f"{server}/api/v1/me/", headers=guess) for _ in range(3)]

    assert [a.status_code for a in answers] == [401, 401, 429]
    assert answers[0].headers["WWW-Authenticate"].startswith("Bearer")


def test_an_address_cannot_be_made_up_to_escape_a_limit(
    server: str, settings: Any
) -> None:
    settings.RATE_LIMITS = {"keys": "1/hour"}

    def guess(forwarded: str) -> int:
        headers = {"Authorization": "Bearer mf_x", "X-Forwarded-For": forwarded}
        return httpx.get(f"{server}/api/v1/keys/", headers=headers).status_code

    assert [guess("203.0.113.1"), guess("203.0.113.2")] == [401, 429]
    # Behind a proxy, only what that proxy itself appended is believed.
    settings.SECURE_PROXY = True
    assert guess("203.0.113.1, 198.51.100.7") == 401
    assert guess("203.0.113.2, 198.51.100.7") == 429


def test_names_in_an_archive_are_plain_and_told_apart(
    owner: User, project: Project, api: httpx.Client
) -> None:
    job = Job.objects.create(
        owner=owner,
        project=project,
        pipeline="tiny",
        max_attempts=1,
        retry_delay_seconds=0,
        status=Job.Status.SUCCEEDED,
    )
    for number, name in enumerate(["../../etc/a", "C:\\a.png", "..", "x", "X"]):
        stored = storage.safe_name(f"stored-{number}")
        path = Path(default_storage.path(stored))
        path.parent.mkdir(exist_ok=True)
        path.write_text(name)
        Asset.objects.create(
            project=project,
            job=job,
            kind="document",
            filename=stored,
            original_filename=name,
            content_type="text/plain",
            size_bytes=len(name),
            sha256="0",
            storage_key=stored,
        )

    packed = api.get(f"/api/v1/jobs/{job.pk}/archive/").content

    names = zipfile.ZipFile(BytesIO(packed)).namelist()
    assert names == ["_.._etc_a", "C__a.png", "stored-2", "x", "stored-4"]


def test_a_session_needs_the_csrf_token(owner: User, project: Project) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(owner)
    order = {"slug": "new"}
    address = "/api/v1/projects/"

    assert browser.get(address).status_code == 200
    refused = browser.post(address, order, content_type="application/json")
    assert refused.status_code == 403
    assert refused.json()["code"] == "permission_denied"


def test_other_sites_may_call_when_they_are_named(server: str, settings: Any) -> None:
    headers = {
        "Origin": "http://localhost:3000",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization",
    }

    answer = httpx.options(f"{server}/api/v1/jobs/", headers=headers)
    other = httpx.options(
        f"{server}/api/v1/jobs/", headers={**headers, "Origin": "https://evil.example"}
    )

    assert answer.headers["Access-Control-Allow-Origin"] == "http://localhost:3000"
    assert "Access-Control-Allow-Origin" not in other.headers


def test_webhooks_are_made_changed_and_rotated(
    api: httpx.Client, settings: Any
) -> None:
    settings.ALLOW_PRIVATE_ADDRESSES = True
    order = {"url": "http://127.0.0.1:9/hook", "events": ["job.failed"]}

    made = api.post("/api/v1/webhooks/", json=order).json()
    path = f"/api/v1/webhooks/{made['id']}/"
    changed = api.patch(path, json={"active": False}).json()
    rotated = api.post(f"{path}rotate/").json()
    pinged = api.post(f"{path}ping/").json()
    deliveries = api.get(f"{path}deliveries/").json()["results"]
    again = api.post(f"/api/v1/webhooks/deliveries/{pinged['id']}/redeliver/").json()

    assert changed["active"] is False
    assert "secret" not in changed
    assert rotated["secret"] != made["secret"]
    assert [each["id"] for each in deliveries] == [pinged["id"]]
    assert again["status"] == "due"
    settings.ALLOW_PRIVATE_ADDRESSES = False
    refused = api.post("/api/v1/webhooks/", json=order)
    assert (refused.status_code, refused.json()["code"]) == (400, "url_refused")


def test_metrics_are_for_staff_and_whoever_has_the_token(
    api: httpx.Client, server: str, staff: User, settings: Any
) -> None:
    settings.METRICS_TOKEN = "scrape"

    assert api.get("/metrics").status_code == 401
    with client_for(server, staff) as client:
        assert "mediaforge_jobs_open" in client.get("/metrics").text
    token = {"Authorization": "Bearer scrape"}
    assert httpx.get(f"{server}/metrics", headers=token).status_code == 200


def test_usage_adds_up_by_project_and_month(api: httpx.Client, drain: Drain) -> None:
    submit(api, params={"price_usd": 0.5})
    drain()

    [row] = api.get("/api/v1/usage/").json()["results"]

    assert (row["project"], row["jobs"]) == ("shop", 1)
    assert row["stage_seconds"] > 0
    assert api.get("/api/v1/stats/").json()["jobs"]["succeeded"] == 1
