"""Who is alive: workers and dispatchers say so in Postgres, where a flushed Redis forgets nobody."""

import os
import socket
from collections.abc import Sequence
from datetime import timedelta

from django.utils import timezone

from jobs.models import Worker

# Silent for longer than this means gone.
ALIVE_WITHIN = timedelta(seconds=10)
REMEMBERED = timedelta(days=1)


def announce(duty: Worker.Duty, queues: Sequence[str] = ()) -> Worker:
    now = timezone.now()
    return Worker.objects.create(
        duty=duty,
        host=socket.gethostname(),
        pid=os.getpid(),
        queues=list(queues),
        started_at=now,
        seen_at=now,
    )


def beat(worker: Worker, *, draining: bool = False) -> None:
    now = timezone.now()
    seen = Worker.objects.filter(pk=worker.pk).update(seen_at=now, draining=draining)
    if not seen:
        # Swept away while this host slept: say again who is here.
        worker.seen_at = now
        worker.save(force_insert=True)


def leave(worker: Worker) -> None:
    Worker.objects.filter(pk=worker.pk).update(stopped_at=timezone.now())


def alive(duty: Worker.Duty) -> list[Worker]:
    recent = timezone.now() - ALIVE_WITHIN
    return list(Worker.objects.filter(duty=duty, stopped_at=None, seen_at__gt=recent))


def forget_old() -> None:
    Worker.objects.filter(seen_at__lt=timezone.now() - REMEMBERED).delete()
