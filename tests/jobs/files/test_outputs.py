"""Files that stages made, as assets."""

from pathlib import Path

from django.contrib.auth.models import User
from django.core.files.storage import default_storage

from jobs import services
from jobs.files import outputs
from jobs.models import Job, Project, Stage
from jobs.pipeline import OutputFile
from jobs.services import JobOrder
from tests.jobs.media import png


def submitted(owner: User, project: Project) -> tuple[Job, Stage]:
    job = services.submit(owner, JobOrder(pipeline="tiny", project=project.slug))
    return job, job.stages.all()[0]


def drawn(folder: Path, name: str) -> OutputFile:
    path = folder / name
    path.write_bytes(png((64, 48)))
    return OutputFile(path=path, role="thumbnail")


def test_a_model_is_shown_by_the_picture_that_was_drawn_of_it(
    owner: User, project: Project, tmp_path: Path
) -> None:
    job, stage = submitted(owner, project)
    model = tmp_path / "cup.glb"
    model.write_bytes(b"glTF")
    made = [
        OutputFile(path=model, role="model_glb"),
        drawn(tmp_path, "vase_thumbnail.png"),
        drawn(tmp_path, "cup_thumbnail.png"),
    ]

    asset = outputs.keep(made[0], job, stage, beside=made)

    assert Path(asset.thumbnail_key).name.startswith("cup-")
    assert default_storage.exists(asset.thumbnail_key)


def test_what_comes_out_of_the_cache_has_a_thumbnail_of_its_own(
    owner: User, project: Project, tmp_path: Path
) -> None:
    job, stage = submitted(owner, project)
    again, its_stage = submitted(owner, project)
    first = outputs.keep(drawn(tmp_path, "cup.png"), job, stage)
    first.save()

    copy = outputs.copy_for(first, again, its_stage, tmp_path / "scratch")

    assert copy.thumbnail_key not in ("", first.thumbnail_key)
    assert default_storage.exists(copy.thumbnail_key)
