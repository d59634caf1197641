"""What must hold whatever has happened: each law says where it is broken."""

import os
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

from django.conf import settings
from django.core.files.storage import default_storage
from django.db.models import Count, Sum
from django.utils import timezone

from jobs.files import pruning
from jobs.files.storage import Area
from jobs.models import Asset, Event, Job, Purchase, Stage
from tests.house import House
from tests.tiny import vendor


def broken_laws(house: House) -> list[str]:
    return [
        *_every_job_ends_once(),
        *_events_are_numbered(),
        *_nothing_succeeds_twice(),
        *_costs_are_counted_once(),
        *_nothing_is_bought_twice(),
        *_no_orphan_stays(),
        *_files_are_there(),
        *_no_process_stays(house),
    ]


def _every_job_ends_once() -> Iterator[str]:
    for job in Job.objects.exclude(status__in=Job.ENDED):
        yield f"{job} has not ended: {job.status}"
    for job in Job.objects.all():
        ends = job.events.filter(kind=Event.Kind.ENDED).count()
        if ends != 1:
            yield f"{job} ended {ends} times"
    for stage in Stage.objects.filter(status__in=Stage.OPEN, job__status__in=Job.ENDED):
        yield f"{stage} is {stage.status} in a job that has ended"


def _events_are_numbered() -> Iterator[str]:
    for job in Job.objects.all():
        numbers = list(job.events.values_list("seq", flat=True))
        if numbers != list(range(1, job.seq + 1)):
            yield f"{job} has events {numbers} and says {job.seq}"


def _nothing_succeeds_twice() -> Iterator[str]:
    rows = Event.objects.filter(kind=Event.Kind.SUCCEEDED).order_by()
    counted = rows.values("job", "stage").annotate(times=Count("pk"))
    for row in counted.filter(times__gt=1):
        yield f"{row['stage']} of {row['job']} succeeded {row['times']} times"
    for job in Job.objects.filter(status=Job.Status.SUCCEEDED):
        texts = job.files.filter(role="text").count()
        if texts != 1:
            yield f"{job} has {texts} final texts"


def _costs_are_counted_once() -> Iterator[str]:
    for job in Job.objects.all():
        booked = job.purchases.aggregate(total=Sum("actual_usd"))["total"] or 0
        of_stages = job.stages.aggregate(total=Sum("cost_usd"))["total"] or 0
        if not booked == of_stages == job.cost_usd:
            yield f"{job} cost {job.cost_usd}, its stages {of_stages}, in books {booked}"
        price = Decimal(str(job.params["price_usd"]))
        if job.status == Job.Status.SUCCEEDED and job.cost_usd != price:
            yield f"{job} cost {job.cost_usd} instead of {price}"


def _nothing_is_bought_twice() -> Iterator[str]:
    charged = vendor.charges_by_key()
    of_stages: Counter[int] = Counter()
    for purchase in Purchase.objects.all():
        of_stages[purchase.stage_id] += charged.pop(str(purchase.pk), 0)
    for stage, times in of_stages.items():
        if times > 1:
            yield f"stage {stage} was charged {times} times"
    for key in charged:
        yield f"the vendor charged {key}, which is in no book of ours"


def _no_orphan_stays() -> Iterator[str]:
    """A clean-up of what has settled leaves those files that some row knows, and no others."""
    root = Path(default_storage.path(""))
    settled = (timezone.now() - pruning.SETTLED - timedelta(hours=1)).timestamp()
    for path in _stored(root):
        os.utime(path, (settled, settled))
    pruning.prune_orphans()
    known = set(Asset.objects.values_list("storage_key", flat=True))
    known |= set(Asset.objects.values_list("thumbnail_key", flat=True))
    for path in _stored(root):
        key = path.relative_to(root).as_posix()
        if key not in known:
            yield f"{key} is left, and no row knows it"


def _stored(root: Path) -> list[Path]:
    return [p for area in Area for p in (root / area).rglob("*") if p.is_file()]


def _files_are_there() -> Iterator[str]:
    for asset in Asset.objects.all():
        if not default_storage.exists(asset.storage_key):
            yield f"{asset.storage_key} is lost"


def _no_process_stays(house: House) -> Iterator[str]:
    known = {process.pid for process in house.processes.values()}
    for process in house.own_processes():
        if process.pid not in known:
            yield f"process {process.pid} is left: {' '.join(process.cmdline())}"


def scratch_left(job: Job) -> list[Path]:
    root = Path(settings.SCRATCH_ROOT)
    return [left for stage in job.stages.all() for left in root.glob(f"{stage.pk}-*")]
