"""The script on the job's page: read, edited while it waits, approved."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from ads.editing import edited
from ads.records import script_facts
from ads.script import SCENES, Camera
from jobs import services
from jobs.access import find_job
from jobs.errors import ConflictError
from jobs.models import Job, Stage
from jobs.pages.doorway import page, user_of

_SCENE_FIELDS = ("voiceover_text", "on_screen_text", "camera", "mood")


def panel_context(job: Job, outputs: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The script and whether it can still be changed; no panel before it is written."""
    facts = script_facts(job)
    if facts is None:
        return None
    waits = job.stages.filter(wait_for=Stage.WaitFor.PERSON).exists()
    return {
        "script": facts.script,
        "writer": facts.writer,
        "unsure_cut": bool(facts.look and facts.look.confidence < 0.5),
        "editable": waits,
        "cameras": [camera.value for camera in Camera],
    }


@require_POST
@page
def save_script(request: HttpRequest, job_id: UUID) -> HttpResponse:
    """Keep the edited script; with the other button, go on with it at once."""
    job = find_job(user_of(request), job_id)
    facts = script_facts(job)
    if job.pipeline != "ad" or facts is None:
        raise ConflictError("There is no script to change here.")
    services.amend(job, "script_gen", edited(job, facts, _changes(request.POST)))
    if "approve" in request.POST:
        services.approve(job)
        messages.success(request, "The script is approved. The ad is being made.")
    else:
        messages.success(request, "The script is saved.")
    return redirect("studio:job", job_id=job.pk)


def _changes(form: Mapping[str, str]) -> dict[str, Any]:
    """The form's fields as changes to a script; empty ones count, absent ones do not."""
    changes: dict[str, Any] = {key: form[key] for key in ("hook", "cta") if key in form}
    scenes = []
    for index in range(1, SCENES + 1):
        named = {name: f"scene-{index}-{name}" for name in _SCENE_FIELDS}
        told = {name: form[key].strip() for name, key in named.items() if key in form}
        scenes.append({"index": index, **told})
    return changes | {"scenes": scenes}
