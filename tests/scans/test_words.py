"""Seed 000's table of states: every code of KIRI's reads as it says, in counts, too."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from jobs.models import Job, Project
from tests.conftest import Drain, make_due
from tests.scans.test_callbacks import KIRI_KEY, _scan
from tests.vendors.kiri import KiriEmulator, kiri_emulator, packed

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def kiri(settings: object) -> Iterator[KiriEmulator]:
    with kiri_emulator() as emulator:
        settings.KIRI_API_KEY = KIRI_KEY  # type: ignore[attr-defined]
        settings.KIRI_BASE_URL = emulator.url  # type: ignore[attr-defined]
        emulator.archive = packed({"scan.xyz": b"0 0 0\n"})
        yield emulator


def _told(signed_in: Client, job: Job) -> Any:
    return signed_in.get(f"/api/v1/scan/{job.pk}/status").json()["status"]


def _counted(signed_in: Client) -> dict[str, int]:
    counts = signed_in.get("/api/v1/scan/stats").json()["status_counts"]
    return {word: count for word, count in counts.items() if count}


def test_each_of_kiris_codes_reads_as_the_table_says(
    signed_in: Client,
    kiri: KiriEmulator,
    project: Project,
    tmp_path: Path,
    drain: Drain,
) -> None:
    kiri.script = [-1, 3, 0, 2]
    job = _scan(project, tmp_path)
    words = [_told(signed_in, job)]
    assert _counted(signed_in) == {"queued": 1}

    for _ in kiri.script:
        make_due(job)
        drain()
        words.append(_told(signed_in, job))
        assert _counted(signed_in) == {words[-1]: 1}

    assert words == ["queued", "uploading", "queued", "processing", "success"]


@pytest.mark.parametrize(("code", "word"), [(1, "failed"), (4, "expired")])
def test_failed_and_expired_are_told_apart(
    signed_in: Client, kiri: KiriEmulator, project: Project, tmp_path: Path, drain: Drain,
    code: int, word: str,
) -> None:  # fmt: skip
    kiri.script = [code]
    job = _scan(project, tmp_path)

    drain()

    assert _told(signed_in, job) == word
    assert _counted(signed_in) == {word: 1}
    assert signed_in.get("/api/v1/scan/stats").json()["total_jobs"] == 1
    told = signed_in.get(f"/api/v1/scan/{job.pk}/result").json()
    assert (told["status"], told["usdzUrl"]) == (word, None)
    assert told["error"]
