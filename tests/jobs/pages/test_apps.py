"""What the apps bring to the studio: panels on jobs' pages, ways in the navigation."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from jobs.models import Asset, Job, Project
from jobs.pages import navigation
from quizzes.models import Lesson, Quiz


def _asset(project: Project, name: str, **facts: Any) -> Asset:
    return Asset.objects.create(
        project=project,
        filename=name,
        original_filename=name,
        size_bytes=10,
        sha256="0" * 64,
        storage_key=f"{project.pk}/{name}",
        **facts,
    )


@pytest.fixture
def lesson_job(owner: User, project: Project) -> Job:
    job = Job.objects.create(
        owner=owner,
        project=project,
        pipeline="lesson",
        max_attempts=1,
        retry_delay_seconds=1,
        status=Job.Status.SUCCEEDED,
    )
    video = _asset(project, "plants.mp4", kind="video", content_type="video/mp4")
    _asset(
        project,
        "quiz.json",
        kind="data",
        content_type="application/json",
        job=job,
        role="quiz",
    )
    lesson = Lesson.objects.create(
        project=project, asset=video, title="Plants", language="en", duration=90
    )
    Quiz.objects.create(lesson=lesson, job=job, title="Plants")
    return job


def test_a_lesson_s_page_leads_to_its_quiz(
    client: Client, owner: User, lesson_job: Job
) -> None:
    client.force_login(owner)
    quiz = Quiz.objects.get(job=lesson_job)

    answer = client.get(f"/studio/jobs/{lesson_job.pk}/")

    assert answer.status_code == 200
    assert reverse("quiz_editor", args=[quiz.pk]) in answer.content.decode()


def test_apps_pages_stand_in_the_navigation(client: Client, owner: User) -> None:
    client.force_login(owner)
    assert navigation.entries()

    for entry in navigation.entries():
        page = client.get(reverse(entry.url_name))

        assert page.status_code == 200
        marked = f'href="{reverse(entry.url_name)}" aria-current="page"'
        assert marked in page.content.decode()


def test_a_share_link_does_not_show_what_is_the_owner_s_alone(
    client: Client, owner: User, lesson_job: Job
) -> None:
    client.force_login(owner)
    made = client.post(f"/studio/jobs/{lesson_job.pk}/share/", {"days": "1"})
    address = made.context["address"]
    client.logout()

    seen = client.get(address).content.decode()

    assert "quiz.json" in seen
    assert "Edit the quiz" not in seen
