"""Clean-up: what nobody can miss is removed; results and their records are not among it.

A job's published files and its record stay until somebody deletes them. What
goes by itself are files between stages, uploads that were given up, files that
no row knows, and old answers that were kept for repeats.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.core.files.storage import default_storage
from django.db.models import Q
from django.utils import timezone

from jobs.files import bucket, direct, resumable, storage
from jobs.files.intake import incoming_folder
from jobs.files.storage import Area
from jobs.models import Asset, IdempotencyKey, Job, Upload, WebhookDelivery

# A job that did not succeed may be retried from where it stopped: its files wait longer.
PATIENCE_FOR_RETRIES = 7
# Nothing that is being written now is this old.
SETTLED = timedelta(days=1)
ANSWERS_KEPT = timedelta(days=2)
DELIVERIES_KEPT = timedelta(days=30)
AT_ONCE = 500


@dataclass(frozen=True, kw_only=True)
class Pruned:
    """What was removed."""

    files_between_stages: int
    uploads: int
    orphans: int
    answers: int
    deliveries: int


def prune() -> Pruned:
    """Remove what nobody can miss."""
    return Pruned(
        files_between_stages=prune_files_between_stages(),
        uploads=prune_uploads(),
        orphans=prune_orphans(),
        answers=_prune_answers(),
        deliveries=_prune_deliveries(),
    )


def prune_files_between_stages() -> int:
    """Unpublished files of jobs that ended JOB_CLEANUP_AGE_HOURS ago; their rows say so."""
    age = timedelta(hours=settings.JOB_CLEANUP_AGE_HOURS)
    now = timezone.now()
    done = Q(job__status=Job.Status.SUCCEEDED, job__finished_at__lt=now - age)
    stopped = Q(
        job__status__in=Job.ENDED, job__finished_at__lt=now - PATIENCE_FOR_RETRIES * age
    )
    rows = Asset.objects.filter(
        done | stopped, published=False, status=Asset.Status.READY
    )
    count = 0
    while chunk := list(rows.values_list("pk", "storage_key")[:AT_ONCE]):
        # First the rows: a file that is there and said to be missing does no harm.
        Asset.objects.filter(pk__in=[pk for pk, _ in chunk]).update(
            status=Asset.Status.MISSING
        )
        for _, key in chunk:
            storage.delete(key)
        count += len(chunk)
    return count


def prune_uploads() -> int:
    """Uploads that nobody went on with, here and in the bucket."""
    expired = Upload.objects.filter(expires_at__lt=timezone.now())
    count = 0
    for upload in expired.select_related("project"):
        if upload.asset_id:
            upload.delete()
        elif upload.multipart_id:
            direct.abort(upload)
        else:
            resumable.terminate(upload)
        count += 1
    return count + sum(_forget(path) for path in _left_behind())


def prune_orphans() -> int:
    """Stored files that no row knows, such as those of a process that was killed."""
    count = 0
    for keys in _batched(_settled_keys()):
        known = set(
            Asset.objects.filter(storage_key__in=keys).values_list(
                "storage_key", flat=True
            )
        ) | set(
            Asset.objects.filter(thumbnail_key__in=keys).values_list(
                "thumbnail_key", flat=True
            )
        )
        known |= set(
            Upload.objects.filter(storage_key__in=keys).values_list(
                "storage_key", flat=True
            )
        )
        for key in keys:
            if key not in known:
                storage.delete(key)
                count += 1
    return count


def _prune_answers() -> int:
    old = timezone.now() - ANSWERS_KEPT
    count, _ = IdempotencyKey.objects.filter(created_at__lt=old).delete()
    return count


def _prune_deliveries() -> int:
    old = timezone.now() - DELIVERIES_KEPT
    rows = WebhookDelivery.objects.filter(created_at__lt=old)
    count, _ = rows.exclude(status=WebhookDelivery.Status.DUE).delete()
    return count


def _settled_keys() -> Iterator[str]:
    """Keys of all files in the tree that were not written just now."""
    before = (timezone.now() - SETTLED).timestamp()
    if storage.on_disk():
        root = Path(default_storage.path(""))
        for area in Area:
            for path in (root / area).rglob("*"):
                if path.is_file() and path.stat().st_mtime < before:
                    yield path.relative_to(root).as_posix()
        return
    for area in Area:
        for key, changed in bucket.keys(f"{area}/"):
            if changed.timestamp() < before:
                yield key


def _left_behind() -> Iterator[Path]:
    """Half files of requests that were killed."""
    before = (timezone.now() - SETTLED - resumable.GOOD_FOR).timestamp()
    for path in incoming_folder().iterdir():
        if path.is_file() and path.stat().st_mtime < before:
            yield path


def _forget(path: Path) -> int:
    path.unlink(missing_ok=True)
    return 1


def _batched(keys: Iterable[str]) -> Iterator[list[str]]:
    chunk: list[str] = []
    for key in keys:
        chunk.append(key)
        if len(chunk) == AT_ONCE:
            yield chunk
            chunk = []
    if chunk:
        yield chunk
