"""A ten-minute lesson from upload to the last export, by real workers over real servers."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.houses import house
from jobs.toolbox import ffmpeg
from jobs.toolbox.probing import probe
from quizzes.sample import LESSON, make_lesson
from tests.house import House, wait_for

MINUTES = 10
WORKERS = ("worker-1", "worker-2")
LIMIT_S = 300


def lesson_of(minutes: float, target: Path) -> Path:
    """720p at 25 frames a second: spoken slides, something that moves, no subtitles."""
    once = make_lesson(LESSON, target.with_name("once.mp4"))
    moving = target.with_name("moving.mp4")
    length_s = probe(once).duration_s
    ffmpeg.run(
        [
            *("-i", once, "-f", "lavfi", "-i", "mandelbrot=s=240x135:r=25"),
            *("-filter_complex", "[0:v]fps=25[v];[v][1:v]overlay=1020:565:shortest=1"),
            *("-map", "0:a", "-t", f"{length_s:.2f}", "-c:v", "libx264"),
            *("-preset", "veryfast", "-g", "50", "-pix_fmt", "yuv420p"),
            *("-c:a", "copy", moving),
        ]
    )
    times = int(minutes * 60 / length_s) + 1
    ffmpeg.run(
        [
            *("-stream_loop", str(times), "-i", moving, "-t", str(minutes * 60)),
            *("-c", "copy", target),
        ]
    )
    return target


def whole(folder: Path) -> Iterator[dict[str, Any]]:
    film = lesson_of(MINUTES, folder / "lesson.mp4")
    with house(DJANGO_SETTINGS_MODULE="mediaforge.settings") as opened:
        yield {
            "measure": "lesson_end_to_end",
            "minutes": MINUTES,
            "workers": len(WORKERS),
            **_timed(opened, film),
            "target": f"succeeded, seconds <= {LIMIT_S}, questions > 0",
        }


def _timed(opened: House, film: Path) -> dict[str, Any]:
    # Django's models can be imported once this process has entered the house.
    from django.contrib.auth.models import User

    from jobs import services
    from jobs.files.assets import receive
    from jobs.files.intake import Intake
    from jobs.files.quotas import resumable_limit
    from jobs.models import Job, Project, Worker
    from jobs.services import JobOrder
    from quizzes.models import Question

    owner = User.objects.create_user("teacher")
    project = Project.objects.create(owner=owner, slug="lessons", name="Lessons")
    incoming = Intake(limit=resumable_limit()).take([film.read_bytes()])
    asset = receive(project, incoming, filename=film.name)
    for name in WORKERS:
        opened.start_worker(name)
    opened.start_dispatcher()
    alive = Worker.objects.filter(stopped_at=None)
    wait_for(lambda: alive.count() == len(WORKERS) + 1, "workers are up")
    order = JobOrder(
        pipeline="lesson", project="lessons", inputs=[str(asset.pk)], cache=False
    )
    row = Job.objects.filter(pk=services.submit(owner, order).pk)
    wait_for(
        lambda: row.get().finished_at is not None, "the job has ended", seconds=900
    )
    job = row.get()
    assert job.finished_at is not None
    asked = [
        f"{question.prompt} [{question.answer or _keys(question)}]"
        for question in Question.objects.filter(quiz__job=job)
    ]
    took_s = (job.finished_at - job.created_at).total_seconds()
    return {
        "status": str(job.status),
        "error": job.error,
        "seconds": round(took_s, 1),
        "holds": job.status == Job.Status.SUCCEEDED
        and took_s <= LIMIT_S
        and len(asked) > 0,
        "questions": len(asked),
        # Better none than a silly one: for whoever wants to judge them.
        "asked": asked,
        "slowest": _slowest(job),
    }


def _keys(question: Any) -> str:
    return ", ".join(choice.text for choice in question.choices.filter(correct=True))


def _slowest(job: Any) -> dict[str, float]:
    """Seconds of the stages that took longest; parts of one step are summed up."""
    spent: dict[str, float] = {}
    for stage in job.stages.exclude(started_at=None).exclude(finished_at=None):
        seconds = (stage.finished_at - stage.started_at).total_seconds()
        spent[stage.name] = round(spent.get(stage.name, 0.0) + seconds, 1)
    return dict(sorted(spent.items(), key=lambda item: -item[1])[:6])
