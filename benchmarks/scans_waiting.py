"""1,000 scans that wait for KIRI, on one worker: do all come home, and is other work held up?

The product's own `scan` against an emulator of KIRI over HTTP; what KIRI sends is a bare
list of points, so that the figures are about waiting, not about drawing.
"""

import argparse
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from benchmarks.houses import house, percentile, resident_mb, tell
from tests.house import House, wait_for
from tests.vendors.kiri import KEY, KiriEmulator, kiri_emulator, packed

if TYPE_CHECKING:
    from django.contrib.auth.models import User

JOBS = 1000
# Taken in, in line, and then under way until every scan has waited beside the others.
UNDER_WAY = [-1, 3, 0]
READY = [2]
HELD_S = 120.0
MODEL = b"0 0 0\n1 0 0\n0 1 0\n"
LOOK_EVERY_S = 0.5
# One at a time, a small job of somebody else's, while all the others wait.
OTHERS_EVERY_S = 5.0


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="As it is told anyway.")
    parser.add_argument("--jobs", type=int, default=JOBS)
    options = parser.parse_args(arguments)
    with (
        kiri_emulator() as kiri,
        house(
            DJANGO_SETTINGS_MODULE="mediaforge.settings",
            KIRI_API_KEY=KEY,
            KIRI_BASE_URL=kiri.url,
        ) as opened,
    ):
        kiri.script = UNDER_WAY
        kiri.balance = 10 * options.jobs
        kiri.archive = packed({"scan.xyz": MODEL})
        opened.start_worker()
        opened.start_dispatcher()
        measure(opened, kiri, options.jobs)


def measure(opened: House, kiri: KiriEmulator, jobs: int) -> None:
    from django.contrib.auth.models import User

    from jobs.models import Job, Stage, Worker

    wait_for(lambda: Worker.objects.count() == 2, "all is up")
    worker = psutil.Process(opened.pid("worker-1"))
    submitting = threading.Thread(target=submit_all, args=(jobs,))
    started = time.monotonic()
    submitting.start()
    ended = Job.objects.filter(owner__username="scans", status__in=Job.ENDED)
    asleep = Stage.objects.filter(status=Stage.Status.WAITING)
    other = User.objects.create_user("other")
    most_at_kiri, most_asleep, memory, others_s, due = 0, 0, [], [], started
    handed_in_s: float | None = None
    while submitting.is_alive() or ended.count() < jobs:
        most_at_kiri = max(most_at_kiri, len(kiri.uploads) - ended.count())
        most_asleep = max(most_asleep, asleep.count())
        memory.append(resident_mb(worker))
        if handed_in_s is None and len(kiri.uploads) == jobs:
            handed_in_s = time.monotonic() - started
        if handed_in_s and time.monotonic() - started > handed_in_s + HELD_S:
            kiri.script = READY
        if time.monotonic() >= due and most_at_kiri > jobs // 2:
            others_s.append(refused_scan_s(other))
            due = time.monotonic() + OTHERS_EVERY_S
        time.sleep(LOOK_EVERY_S)
    growth_mb = max(memory[len(memory) // 2 :]) - max(memory[:20])
    succeeded = ended.filter(status=Job.Status.SUCCEEDED).count()
    tell(
        "scans_waiting",
        jobs=jobs,
        workers=1,
        succeeded=succeeded,
        uploads=len(kiri.uploads),
        most_at_kiri_at_once=most_at_kiri,
        most_asleep_at_once=most_asleep,
        handed_in_s=handed_in_s,
        seconds=time.monotonic() - started,
        others_p50_s=percentile(others_s or [0.0], 0.5),
        others_worst_s=max(others_s, default=0.0),
        worker_growth_mb=growth_mb,
        target="all were at KIRI at once and succeeded, as many uploads as jobs, "
        "growth <= 10 MB",
        holds=succeeded == jobs == len(kiri.uploads)
        and most_at_kiri == jobs
        and growth_mb <= 10,
    )


def submit_all(jobs: int) -> None:
    from django.contrib.auth.models import User

    from jobs import services
    from jobs.services.ordering import JobOrder

    owner = User.objects.create_user("scans")
    asset_id = a_film(owner)
    for _ in range(jobs):
        services.submit(
            owner,
            JobOrder(
                pipeline="scan", engine="kiri", inputs=[asset_id], cache=False,
                params={"fileFormat": "xyz"},
            ),
        )  # fmt: skip


def a_film(owner: "User") -> str:
    """An asset of the owner's: five frames, which the local engine refuses at once."""
    import numpy as np

    from jobs.models import Project
    from jobs.samples import keep
    from jobs.toolbox.meshes.rendering import write_mp4

    project = Project.objects.create(owner=owner, slug="films", name="Films")
    noise = np.random.default_rng(0).integers(0, 255, (5, 48, 64, 3)).astype(np.uint8)
    with tempfile.TemporaryDirectory() as folder:
        film = write_mp4(list(noise), Path(folder, "film.mp4"), frames_per_second=5)
        return keep(project, film)


def refused_scan_s(owner: "User") -> float:
    """How long somebody else's small local job takes from submit to its end."""
    from jobs import services
    from jobs.models import Asset, Job
    from jobs.services.ordering import JobOrder

    known = Asset.objects.filter(project__owner=owner).values_list("pk", flat=True)
    asset_id = str(known[0]) if known else a_film(owner)
    order = JobOrder(pipeline="scan", engine="local", inputs=[asset_id], cache=False)
    started = time.monotonic()
    job = services.submit(owner, order)
    own = Job.objects.filter(pk=job.pk, status__in=Job.ENDED)
    wait_for(own.exists, "another's job ends")
    return time.monotonic() - started


if __name__ == "__main__":
    main()
