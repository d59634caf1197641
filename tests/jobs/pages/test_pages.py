"""Every page answers its owner in few queries, and nobody else."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from jobs import services
from jobs.models import ApiKey, Asset, Job, JobInput, Project, ShareLink, Stage
from jobs.services import JobOrder
from tests.conftest import Drain

MOST_QUERIES = 15


@pytest.fixture
def mine(client: Client, owner: User) -> Client:
    client.force_login(owner)
    return client


@pytest.fixture
def job(owner: User, project: Project) -> Job:
    return services.submit(
        owner, JobOrder(pipeline="tiny", project=project.slug, params={"parts": 3})
    )


@pytest.fixture(autouse=True)
def _fresh_cache() -> Iterator[None]:
    yield
    cache.clear()


PAGES = (
    "/studio/",
    "/studio/projects/",
    "/studio/projects/shop/",
    "/studio/projects/shop/?tab=jobs",
    "/studio/projects/shop/?kind=image&from=uploads&q=a",
    "/studio/projects/shop/delete/",
    "/studio/search/?q=shop",
    "/studio/jobs/",
    "/studio/jobs/?status=open&pipeline=tiny&q=shop",
    "/studio/jobs/{job}/",
    "/studio/jobs/{job}/live/",
    "/studio/jobs/{job}/state.json",
    "/studio/jobs/follow.json?ids={job}",
    "/studio/new/",
    "/studio/new/tiny/",
    "/studio/new/tiny/?again={job}",
    "/studio/settings/",
    "/studio/settings/password/",
    "/studio/settings/keys/",
    "/studio/settings/webhooks/",
    "/studio/settings/usage/",
)


@pytest.mark.parametrize("path", PAGES)
def test_a_page_takes_few_queries(
    path: str, mine: Client, job: Job, django_assert_max_num_queries: object
) -> None:
    with django_assert_max_num_queries(MOST_QUERIES):
        answer = mine.get(path.format(job=job.pk))

    assert answer.status_code == 200
    assert "script-src 'self'" in answer.headers["Content-Security-Policy"]
    assert "unsafe-inline" not in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize("path", PAGES)
def test_a_page_asks_who_is_there(path: str, client: Client, job: Job) -> None:
    answer = client.get(path.format(job=job.pk))

    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/studio/login/")


@pytest.mark.parametrize(
    "path",
    [
        "/studio/projects/{project}/",
        "/studio/projects/shop/",
        "/studio/jobs/{job}/",
        "/studio/jobs/{job}/live/",
        "/studio/jobs/{job}/state.json",
        "/studio/jobs/{job}/why/",
    ],
)
def test_a_stranger_finds_nothing(
    path: str, client: Client, stranger: User, job: Job
) -> None:
    client.force_login(stranger)

    answer = client.get(path.format(job=job.pk, project=job.project_id))

    assert answer.status_code == 404


@pytest.mark.parametrize("what", ["cancel", "retry", "approve", "delete", "share"])
def test_a_stranger_does_nothing(
    what: str, client: Client, stranger: User, job: Job
) -> None:
    client.force_login(stranger)

    answer = client.post(f"/studio/jobs/{job.pk}/{what}/", {"days": "7"})

    assert answer.status_code == 404
    job.refresh_from_db()
    assert job.status == Job.Status.QUEUED


def test_a_job_is_started_from_the_plain_form(mine: Client, owner: User) -> None:
    answer = mine.post(
        "/studio/new/tiny/",
        {"p.text": "from a form", "p.parts": "2", "project": "", "engine": "auto"},
    )

    job = Job.objects.get(owner=owner)
    assert answer.headers["Location"] == f"/studio/jobs/{job.pk}/"
    assert job.params["text"] == "from a form"
    assert job.params["parts"] == 2


def test_a_form_with_a_fault_says_it_beside_the_field(mine: Client) -> None:
    answer = mine.post("/studio/new/tiny/", {"p.parts": "99", "engine": "auto"})

    assert answer.status_code == 400
    assert "less than or equal to 50" in answer.content.decode()
    assert not Job.objects.exists()


def test_again_with_changes_begins_where_the_old_job_was(
    mine: Client, job: Job
) -> None:
    answer = mine.get(f"/studio/new/tiny/?again={job.pk}")

    assert (
        'name="p.parts" min="0" max="50" step="1" value="3"' in answer.content.decode()
    )


def test_an_estimate_is_made_of_the_form_as_it_stands(mine: Client, db: None) -> None:
    answer = mine.post("/studio/new/tiny/estimate/", {"p.price_usd": "0.25"})

    assert "$0.25" in answer.content.decode()


def test_several_inputs_make_a_batch(mine: Client, project: Project) -> None:
    assets = [str(_asset(project, n).pk) for n in range(3)]

    answer = mine.post(
        "/studio/new/tiny/",
        {"inputs": assets, "each": "on", "engine": "auto", "project": "shop"},
    )

    assert answer.headers["Location"].startswith("/studio/batches/")
    assert Job.objects.filter(batch__isnull=False).count() == 3
    assert mine.get(answer.headers["Location"]).status_code == 200


def _asset(project: Project, number: int) -> Asset:
    return Asset.objects.create(
        project=project,
        kind="image",
        filename=f"{number}.png",
        original_filename=f"{number}.png",
        content_type="image/png",
        size_bytes=10,
        sha256="0" * 64,
        storage_key=f"uploads/{project.pk}/{number}.png",
    )


def test_cancel_and_again_from_a_step(mine: Client, job: Job, drain: Drain) -> None:
    mine.post(f"/studio/jobs/{job.pk}/cancel/")
    job.refresh_from_db()
    assert job.status == Job.Status.CANCELLED

    mine.post(f"/studio/jobs/{job.pk}/retry/", {"from": "prepare"})
    drain()

    job.refresh_from_db()
    assert job.status == Job.Status.SUCCEEDED


def test_a_job_that_waits_for_its_owner_is_approved(
    mine: Client, owner: User, project: Project, drain: Drain
) -> None:
    order = JobOrder(pipeline="tiny", project=project.slug, review=True)
    job = services.submit(owner, order)
    drain()
    assert "This waits for you" in mine.get(f"/studio/jobs/{job.pk}/").content.decode()

    mine.post(f"/studio/jobs/{job.pk}/approve/")
    drain()

    job.refresh_from_db()
    assert job.status == Job.Status.SUCCEEDED


def test_a_failed_job_gives_its_advice(
    mine: Client, owner: User, project: Project, drain: Drain
) -> None:
    order = JobOrder(
        pipeline="tiny", project=project.slug, params={"trouble": "work:bad"}
    )
    job = services.submit(owner, order)
    drain()

    page = mine.get(f"/studio/jobs/{job.pk}/").content.decode()

    assert "This input is bad. Send a better one." in page
    assert "change something first" in page


def test_a_key_is_shown_once(mine: Client, owner: User) -> None:
    made = mine.post("/studio/settings/keys/", {"name": "ci", "scopes": ["read"]})
    key = ApiKey.objects.get(owner=owner)

    assert made.headers["Cache-Control"] == "no-store"
    assert key.prefix in made.content.decode()
    again = mine.get("/studio/settings/keys/").content.decode()
    assert f'value="{key.prefix}' not in again


def test_only_staff_make_admin_keys(mine: Client, owner: User) -> None:
    mine.post("/studio/settings/keys/", {"name": "x", "scopes": ["read", "admin"]})

    assert ApiKey.objects.get(owner=owner).scopes == ["read"]


def test_a_share_link_shows_results_and_ends(
    mine: Client, job: Job, drain: Drain
) -> None:
    drain()
    made = mine.post(f"/studio/jobs/{job.pk}/share/", {"days": "7"}).content.decode()
    address = made.split('value="http://testserver')[1].split('"')[0]
    visitor = Client()

    page = visitor.get(address)
    assert page.status_code == 200
    assert "finished.txt" in page.content.decode()
    file = Asset.objects.get(job=job, role="text")
    assert visitor.get(f"{address}files/{file.pk}/{file.filename}").status_code == 200
    assert visitor.get(f"/studio/jobs/{job.pk}/").status_code == 302

    ShareLink.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert visitor.get(address).status_code == 404


def test_a_share_link_shows_the_picture_without_what_it_was_made_from(
    mine: Client, owner: User, project: Project
) -> None:
    job = Job.objects.create(
        owner=owner,
        project=project,
        pipeline="painting",
        max_attempts=1,
        retry_delay_seconds=1,
        status=Job.Status.SUCCEEDED,
    )
    photo, painted = _asset(project, 1), _asset(project, 2)
    Asset.objects.filter(pk=painted.pk).update(job=job, role="composite")
    JobInput.objects.create(job=job, asset=photo, position=0)
    made = mine.post(f"/studio/jobs/{job.pk}/share/", {"days": "1"})

    seen = Client().get(made.context["address"]).content.decode()

    assert str(painted.pk) in seen
    assert str(photo.pk) not in seen
    own = mine.get(f"/studio/jobs/{job.pk}/").content.decode()
    assert "data-before" in own


def test_a_share_link_opens_no_other_file(
    mine: Client, job: Job, project: Project, drain: Drain
) -> None:
    drain()
    made = mine.post(f"/studio/jobs/{job.pk}/share/", {"days": "1"}).content.decode()
    address = made.split('value="http://testserver')[1].split('"')[0]
    other = _asset(project, 1)

    assert Client().get(f"{address}files/{other.pk}/1.png").status_code == 404


def test_deleting_a_project_wants_its_name(mine: Client, project: Project) -> None:
    mine.post("/studio/projects/shop/delete/", {"typed": "shap"})
    assert Project.objects.filter(pk=project.pk).exists()

    mine.post("/studio/projects/shop/delete/", {"typed": "shop"})
    assert not Project.objects.filter(pk=project.pk).exists()


def test_sign_up_is_closed_unless_opened(
    client: Client, db: None, settings: object
) -> None:
    assert client.get("/studio/signup/").status_code == 404

    settings.SIGNUP = True  # type: ignore[attr-defined]
    sent = {
        "username": "new",
        "password1": "long-enough-77",
        "password2": "long-enough-77",
    }
    client.post("/studio/signup/", sent)

    assert client.get("/studio/").status_code == 200


def test_the_theme_is_kept(mine: Client) -> None:
    mine.post("/studio/theme/", {"theme": "dark", "next": "/studio/jobs/"})

    assert 'data-theme="dark"' in mine.get("/studio/").content.decode()


def test_a_form_sends_nobody_to_another_host(mine: Client) -> None:
    answer = mine.post(
        "/studio/theme/", {"theme": "dark", "next": "https://evil.test/"}
    )

    assert answer.headers["Location"] == "/studio/"


def test_long_lists_are_walked_both_ways(
    mine: Client, owner: User, project: Project
) -> None:
    Job.objects.bulk_create(
        Job(
            owner=owner,
            project=project,
            pipeline="tiny",
            max_attempts=1,
            retry_delay_seconds=1,
            status=Job.Status.SUCCEEDED,
            message=f"number {n}",
        )
        for n in range(65)
    )
    first = mine.get("/studio/jobs/")
    second = mine.get(f"/studio/jobs/?after={first.context['slice'].older}")
    third = mine.get(f"/studio/jobs/?after={second.context['slice'].older}")
    back = mine.get(f"/studio/jobs/?before={third.context['slice'].newer}")

    pages = [
        [job.pk for job in p.context["slice"].rows] for p in (first, second, third)
    ]
    assert [len(page) for page in pages] == [30, 30, 5]
    assert len({pk for page in pages for pk in page}) == 65
    assert [job.pk for job in back.context["slice"].rows] == pages[1]
    assert mine.get("/studio/jobs/?after=garbage").status_code == 200


def test_waiting_is_explained(mine: Client, job: Job) -> None:
    page = mine.get(f"/studio/jobs/{job.pk}/why/").content.decode()

    assert "No worker" in page
    assert Stage.objects.filter(job=job, status=Stage.Status.QUEUED).exists()


def test_a_search_finds_what_is_one_s_own_and_nothing_else(
    mine: Client, stranger: User, project: Project, job: Job
) -> None:
    file = _asset(project, 4711)
    asked = {name: f"/studio/search/?q={name}" for name in ("shop", "4711", "tiny")}
    ours = {name: mine.get(path).context for name, path in asked.items()}
    others = Client()
    others.force_login(stranger)

    assert list(ours["shop"]["projects"]) == [project]
    assert list(ours["shop"]["jobs"]) == [job]
    assert list(ours["4711"]["files"]) == [file]
    assert list(ours["tiny"]["jobs"]) == [job]
    by_id = mine.get(f"/studio/search/?q={file.pk}").context
    assert list(by_id["files"]) == [file]
    for path in asked.values():
        assert "Nothing fits these words" in others.get(path).content.decode()


def test_an_estimate_says_what_is_missing_for_it(mine: Client) -> None:
    told = mine.post("/studio/new/ad/estimate/", {"p.product_name": ""})

    assert "once Product name is filled in" in " ".join(told.content.decode().split())


def test_each_engine_that_is_set_up_says_what_it_costs(
    mine: Client, settings: object
) -> None:
    settings.REPLICATE_API_KEY = "key"  # type: ignore[attr-defined]
    settings.REPLICATE_VIDEO_USD = 0.5  # type: ignore[attr-defined]
    assert 'id="price-replicate"' in mine.get("/studio/new/ad/").content.decode()

    form = {"p.product_name": "Aurora", "engine": "local"}
    told = mine.post("/studio/new/ad/estimate/", form).content.decode()

    # Three clips; here it would cost nothing.
    assert 'id="price-replicate" hx-swap-oob="true">about $1.50<' in told
    assert "nothing" in told
    assert "price-openai" not in told


@pytest.mark.parametrize("path", ["/studio/jobs/", "/studio/projects/shop/?tab=jobs"])
def test_a_list_of_jobs_offers_what_it_can_be_narrowed_to(
    path: str, mine: Client, job: Job
) -> None:
    shown = mine.get(path).content.decode()

    assert '<option value="open">under way</option>' in shown
    assert '<option value="tiny">' in shown


def test_settings_that_the_operator_decides_are_filled_in(mine: Client) -> None:
    shown = mine.get("/studio/new/painting/").content.decode()

    assert 'id="param-num_layers-number" name="p.num_layers"' in shown
    assert 'value="4" aria-label="Layers"' in shown
