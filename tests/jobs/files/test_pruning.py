import errno
import os
import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.contrib.auth.models import User
from django.core.files.storage import default_storage
from django.core.management import call_command
from django.utils import timezone

from jobs import services
from jobs.files import pruning, storage
from jobs.files.storage import Area
from jobs.models import ApiKey, Asset, Job, Project
from jobs.services import JobOrder
from tests.conftest import Drain
from tests.jobs.media import png


@pytest.fixture
def job(owner: User, project: Project, drain: Drain) -> Job:
    job = services.submit(owner, JobOrder(pipeline="tiny", project=project.slug))
    drain()
    return job


def age(job: Job, **span: float) -> None:
    Job.objects.filter(pk=job.pk).update(finished_at=timezone.now() - timedelta(**span))


def test_results_stay_and_files_between_stages_go(job: Job) -> None:
    Asset.objects.filter(job=job, role="piece").update(published=False)
    hidden = Asset.objects.filter(job=job, published=False).count()
    age(job, hours=23)
    assert pruning.prune_files_between_stages() == 0
    age(job, hours=25)

    assert pruning.prune_files_between_stages() == hidden

    gone = Asset.objects.get(job=job, role="piece")
    kept = Asset.objects.filter(job=job, published=True)
    assert gone.status == Asset.Status.MISSING
    assert not default_storage.exists(gone.storage_key)
    assert all(default_storage.exists(asset.storage_key) for asset in kept)


def test_files_of_a_job_that_may_be_retried_wait_longer(job: Job) -> None:
    Asset.objects.filter(job=job).update(published=False)
    Job.objects.filter(pk=job.pk).update(status=Job.Status.FAILED)
    age(job, hours=25)

    assert pruning.prune_files_between_stages() == 0


def test_a_retry_begins_where_files_are_still_there(job: Job, drain: Drain) -> None:
    Job.objects.filter(pk=job.pk).update(status=Job.Status.FAILED)
    age(job, days=100)
    assert pruning.prune_files_between_stages() == 1

    services.retry(job, from_step="finish")
    begun = job.stages.get(name="prepare").status
    drain()

    job.refresh_from_db()
    assert (begun, job.status) == ("queued", Job.Status.SUCCEEDED)
    files = Asset.objects.filter(job=job)
    assert not files.filter(status=Asset.Status.MISSING).exists()
    assert all(default_storage.exists(asset.storage_key) for asset in files)


def test_a_full_disk_is_left_without_half_files(
    tmp_path: Path, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "big.txt"
    source.write_text("big")

    def fill(source: Path, target: Path) -> None:
        target.write_bytes(b"b")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "link", fill)
    monkeypatch.setattr(shutil, "copyfile", fill)
    with pytest.raises(OSError, match="No space"):
        storage.store(source, project=project, area=Area.PROCESSED, name="big.txt")

    left = Path(default_storage.path("")).rglob("*")
    assert not [path for path in left if path.is_file()]


def test_an_upload_to_a_full_disk_says_so_and_leaves_nothing(
    api: httpx.Client, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "link", refuse)
    monkeypatch.setattr(shutil, "copyfile", refuse)
    answer = api.put(f"/api/v1/projects/{project.slug}/assets/a.png", content=png())

    assert (answer.status_code, answer.json()["code"]) == (507, "storage_full")
    assert not Asset.objects.exists()


def test_files_that_no_row_knows_go_once_they_are_old(job: Job, settings: Any) -> None:
    known = {asset.storage_key for asset in Asset.objects.all()}
    folder = Path(default_storage.path("uploads/project_x"))
    folder.mkdir(parents=True)
    old, new = folder / "old.png", folder / "new.png"
    for path in (old, new):
        path.write_bytes(b"1")
    long_ago = (timezone.now() - timedelta(days=2)).timestamp()
    for path in [old, *(Path(default_storage.path(key)) for key in known)]:
        os.utime(path, (long_ago, long_ago))

    assert pruning.prune_orphans() == 1

    assert not old.exists()
    assert new.exists()
    assert all(default_storage.exists(key) for key in known)


def test_the_command_keeps_jobs_unless_told(
    job: Job, capsys: pytest.CaptureFixture[str]
) -> None:
    age(job, days=100)

    call_command("prune")
    assert Job.objects.exists()
    call_command("prune", "--jobs-older-than", "30")

    assert not Job.objects.exists()
    assert "jobs: 1" in capsys.readouterr().out


def test_a_key_is_made_by_command(db: None, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("apikey", "alice", "--create", "--scopes", "read")

    secret = capsys.readouterr().out.strip()
    row = ApiKey.objects.get()
    assert secret.startswith(row.prefix)
    assert (row.owner.username, row.scopes) == ("alice", ["read"])
