"""The folders that stages work in: one an attempt, so that one thought dead disturbs nobody."""

import shutil
import time
from pathlib import Path

from django.conf import settings

from jobs.models import Stage

# One that is this young may belong to a claim that is not committed yet.
YOUNG_S = 60


def folder_of(stage_id: int, attempt: int) -> Path:
    return Path(settings.SCRATCH_ROOT) / f"{stage_id}-{attempt}"


def remove(stage_id: int, attempt: int) -> None:
    shutil.rmtree(folder_of(stage_id, attempt), ignore_errors=True)


def sweep() -> None:
    """Remove what workers of this machine left behind when they were killed."""
    for folder in Path(settings.SCRATCH_ROOT).glob("*-*"):
        stage_id, _, attempt = folder.name.partition("-")
        if not (stage_id.isdigit() and attempt.isdigit()) or _is_young(folder):
            continue
        at_work = Stage.objects.filter(
            pk=stage_id, attempt=attempt, status=Stage.Status.RUNNING
        )
        if not at_work.exists():
            shutil.rmtree(folder, ignore_errors=True)


def _is_young(folder: Path) -> bool:
    try:
        return time.time() - folder.stat().st_mtime < YOUNG_S
    except FileNotFoundError:
        return True
