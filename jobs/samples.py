"""Media that a pipeline makes by itself, and a real job on it."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from django.conf import settings
from django.contrib.auth.models import User

from jobs import services
from jobs.errors import RequestError
from jobs.files.assets import receive
from jobs.files.intake import Intake
from jobs.files.quotas import resumable_limit
from jobs.files.storage import CHUNK
from jobs.inputs import Kind
from jobs.models import Job, Project
from jobs.registry import AnyPipeline

# A film of a lesson or of a thing takes the longest: half a minute on two cores.
MADE_WITHIN_S = 300

Maker = Callable[[AnyPipeline, Path], Sequence[Path]]


def make_here(pipeline: AnyPipeline, folder: Path) -> Sequence[Path]:
    return pipeline.sample(folder) if pipeline.sample else ()


def make_aside(pipeline: AnyPipeline, folder: Path) -> Sequence[Path]:
    """In a process of its own: a web server would stay as large as this once made it."""
    told = subprocess.run(
        [
            sys.executable,
            settings.BASE_DIR / "manage.py",
            "sample",
            pipeline.slug,
            folder,
        ],
        stdout=subprocess.PIPE,
        check=True,
        timeout=MADE_WITHIN_S,
    )
    return [Path(name) for name in json.loads(told.stdout)]


def submit_sample(
    owner: User,
    project: Project,
    pipeline: AnyPipeline,
    *,
    make: Maker,
    cache: bool = True,
) -> Job:
    if pipeline.sample is None and pipeline.inputs.at_least:
        raise RequestError(f"{pipeline.title} has no sample. Start it with a file.")
    with tempfile.TemporaryDirectory(prefix="mediaforge-sample-") as folder:
        files = make(pipeline, Path(folder))
        assets = [keep(project, file, accept=pipeline.inputs.kinds) for file in files]
    order = services.JobOrder(
        pipeline=pipeline.slug,
        params=pipeline.sample_params,
        inputs=assets,
        project=project.slug,
        cache=cache,
    )
    return services.submit(owner, order)


def keep(project: Project, file: Path, *, accept: frozenset[Kind] | None = None) -> str:
    """Take a file of this machine into a project; answers with its asset's id."""
    incoming = Intake(limit=resumable_limit()).take(_chunks(file))
    return str(receive(project, incoming, filename=file.name, accept=accept).pk)


def _chunks(file: Path) -> Iterator[bytes]:
    with file.open("rb") as source:
        while chunk := source.read(CHUNK):
            yield chunk
