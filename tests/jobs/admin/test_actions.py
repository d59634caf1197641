"""What staff do to many jobs at once, and to one on its page."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from jobs import services
from jobs.keys import create_key
from jobs.models import ApiKey, Job, Priority, Project
from jobs.services import JobOrder
from tests.conftest import Drain

LIST = "/admin/jobs/job/"


@pytest.fixture
def staff(client: Client, db: None) -> Client:
    client.force_login(User.objects.create_superuser("chief"))
    return client


def _job(owner: User, project: Project, **params: object) -> Job:
    order = JobOrder(pipeline="tiny", project=project.slug, params=params)
    return services.submit(owner, order)


def _act(staff: Client, action: str, *jobs: Job) -> str:
    chosen = {"action": action, "_selected_action": [str(job.pk) for job in jobs]}
    return staff.post(LIST, chosen, follow=True).content.decode()


def test_jobs_are_cancelled_and_those_that_ended_left(
    staff: Client, owner: User, project: Project, drain: Drain
) -> None:
    ended = _job(owner, project, text="first")
    drain()
    open_job = _job(owner, project, text="second")

    said = _act(staff, "cancel", ended, open_job)

    open_job.refresh_from_db()
    ended.refresh_from_db()
    assert open_job.status == Job.Status.CANCELLED
    assert ended.status == Job.Status.SUCCEEDED
    assert "1 jobs cancelled." in said
    assert "1 jobs were left as they are" in said


def test_failed_jobs_run_again(
    staff: Client, owner: User, project: Project, drain: Drain
) -> None:
    job = _job(owner, project, trouble="work:bad:1")
    drain()
    job.refresh_from_db()
    assert job.status == Job.Status.FAILED

    said = _act(staff, "retry", job)
    drain()

    job.refresh_from_db()
    assert "1 jobs started again." in said
    assert job.status == Job.Status.SUCCEEDED


@pytest.mark.parametrize(
    ("action", "priority"),
    [("raise_priority", Priority.HIGH), ("lower_priority", Priority.LOW)],
)
def test_priority_is_changed(
    action: str, priority: Priority, staff: Client, owner: User, project: Project
) -> None:
    job = _job(owner, project)

    _act(staff, action, job)

    job.refresh_from_db()
    assert job.priority == priority
    assert set(job.stages.values_list("priority", flat=True)) == {priority}


def test_failed_work_is_retried_by_what_went_wrong(
    staff: Client, owner: User, project: Project, drain: Drain
) -> None:
    job = _job(owner, project, trouble="work:bad:1")
    other = _job(owner, project, trouble="prepare:refused")
    drain()

    group = "tiny_bad_input|tiny|work"
    said = staff.post("/admin/failures/", {"group": [group]}, follow=True)
    drain()

    job.refresh_from_db()
    other.refresh_from_db()
    assert "1 jobs started again." in said.content.decode()
    assert job.status == Job.Status.SUCCEEDED
    assert other.status == Job.Status.FAILED


def test_who_acts_on_the_staff_s_page_stays_there(
    staff: Client, owner: User, project: Project
) -> None:
    job = _job(owner, project)
    page = f"{LIST}{job.pk}/change/"

    answer = staff.post(f"/studio/jobs/{job.pk}/cancel/", {"next": page})

    assert answer.headers["Location"] == page
    assert f'action="/studio/jobs/{job.pk}/retry/"' in staff.get(page).content.decode()


def test_the_live_parts_are_for_staff(
    client: Client, owner: User, project: Project
) -> None:
    job = _job(owner, project)
    client.force_login(owner)

    assert client.get(f"{LIST}{job.pk}/live/").status_code == 302
    client.force_login(User.objects.create_superuser("chief"))
    parts = client.get(f"{LIST}{job.pk}/live/").content.decode()
    assert 'data-live-part="stages"' in parts
    assert 'data-live-part="staff-actions"' in parts


def test_a_key_is_revoked(staff: Client, owner: User) -> None:
    key, _ = create_key(owner, "lost")

    staff.post("/admin/jobs/apikey/", {"action": "revoke", "_selected_action": key.pk})

    assert ApiKey.objects.get(pk=key.pk).revoked_at is not None
