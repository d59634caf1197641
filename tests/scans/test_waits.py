"""How long a scan waits between two questions to KIRI: seed 000's figures."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from jobs.flow.waits import poll_delay
from jobs.models import Project, Stage
from tests.conftest import Drain, make_due
from tests.scans.test_callbacks import _scan
from tests.scans.test_words import kiri as kiri  # noqa: PLC0414  a fixture
from tests.vendors.kiri import KiriEmulator


@pytest.mark.parametrize("wakes", range(14))
def test_questions_are_2_s_apart_then_half_as_much_again_and_30_s_at_most(
    wakes: int,
) -> None:
    base_s = min(2.0 * 1.5**wakes, 30.0)

    delays_s = [poll_delay(wakes).total_seconds() for _ in range(300)]

    # A quarter more or less, so that scans do not come back in step.
    assert min(delays_s) >= 0.75 * base_s
    assert max(delays_s) <= 1.25 * base_s
    assert max(delays_s) - min(delays_s) > 0.3 * base_s


@pytest.mark.django_db(transaction=True)
def test_a_scan_that_waits_for_kiri_is_asked_for_less_and_less(
    kiri: KiriEmulator, project: Project, tmp_path: Path, drain: Drain
) -> None:
    kiri.script = [0]
    job = _scan(project, tmp_path)
    pauses = []
    for _ in range(8):
        drain()
        stage = job.stages.get(name="capture")
        assert stage.status == Stage.Status.WAITING
        assert stage.wake_at is not None
        pauses.append((stage.wake_at - timezone.now()).total_seconds())
        make_due(job)

    assert 1.0 < pauses[0] < 2.6
    assert 15 < pauses[-1] < 38
    stage.refresh_from_db()
    assert stage.give_up_at is not None
    # 45 minutes from the first question on, not from the last.
    left = stage.give_up_at - timezone.now()
    assert timedelta(minutes=44) < left < timedelta(minutes=45)
    assert len(kiri.uploads) == 1
