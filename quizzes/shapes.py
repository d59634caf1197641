"""Quizzes as JSON."""

from typing import Any

from django.urls import reverse

from jobs.snapshots import asset_url, iso
from quizzes import reading
from quizzes.models import Lesson, PlayLink, Quiz

Json = dict[str, Any]


def quiz_json(row: Quiz) -> Json:
    """A quiz with its questions, as the editor and programs have it."""
    loaded = reading.quizzes().get(pk=row.pk)
    told = reading.quiz_content(loaded)
    return {
        **quiz_line(loaded),
        "language": told.language,
        "questions": [question.model_dump(mode="json") for question in told.questions],
        "can_undo": loaded.edits.exists(),
    }


def quiz_line(row: Quiz) -> Json:
    return {
        "id": str(row.pk),
        "title": row.title,
        "version": row.version,
        "lesson": str(row.lesson_id),
        "project": row.lesson.project.slug,
        "asset": str(row.lesson.asset_id),
        "job": str(row.job_id) if row.job_id else None,
        "created_at": iso(row.created_at),
        "updated_at": iso(row.updated_at),
        "urls": {
            "self": reverse("quiz", args=[row.pk]),
            "editor": reverse("quiz_editor", args=[row.pk]),
            "player": reverse("quiz_player", args=[row.pk]),
            "results": reverse("quiz_results_page", args=[row.pk]),
        },
    }


def lesson_json(row: Lesson) -> Json:
    told = reading.transcript_content(row)
    return {
        "id": str(row.pk),
        "title": row.title,
        "project": row.project.slug,
        "asset": str(row.asset_id),
        "url": asset_url(row.asset),
        "duration": row.duration,
        "language": told.language,
        "transcript_source": told.source,
        "transcript_warning": told.warning,
        "segments": [
            {"position": number, "start": s.start, "end": s.end, "text": s.text}
            for number, s in enumerate(told.segments)
        ],
        "scenes": [
            {
                "position": scene.position,
                "start": scene.start,
                "end": scene.end,
                "begins_with": scene.begins_with,
                "title": scene.title,
                "same_as": scene.same_as,
                "thumbnail_url": asset_url(scene.thumbnail)
                if scene.thumbnail
                else None,
            }
            for scene in row.scenes.select_related("thumbnail__project")
        ],
    }


def link_json(link: PlayLink) -> Json:
    return {
        "token": link.token,
        "url": reverse("quiz_play", args=[link.token]),
        "keeps_results": link.keeps_results,
        "created_at": iso(link.created_at),
        "revoked_at": iso(link.revoked_at),
    }
