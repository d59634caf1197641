"""Watchers are told that a job changed: a hint, what is true they read in Postgres."""

import json
import logging
from functools import cache

import redis
from django.conf import settings
from django.db import transaction

from jobs.models import Job, Stage

logger = logging.getLogger(__name__)

STATUS_CHANNEL = "job_status_updates"
PROGRESS_CHANNEL = "job_progress_updates"


def stage_label(stage: Stage) -> str:
    return stage.name if stage.part is None else f"{stage.name}/{stage.part}"


def tell_watchers(job: Job, channel: str) -> None:
    """Say that a job changed, once the change is committed; only a hint that may be lost."""
    message = json.dumps(
        {
            "job_id": str(job.pk),
            "status": job.status,
            "progress": round(job.progress, 1),
            "message": job.message,
            "seq": job.seq,
            "project": str(job.project_id),
            "owner": job.owner_id,
        }
    )
    transaction.on_commit(lambda: publish(channel, message))


def publish(channel: str, message: str) -> None:
    try:
        _connection().publish(channel, message)
    except redis.RedisError as error:
        logger.warning("watchers could not be told: %s", error)


@cache
def _connection() -> redis.Redis:
    # One pool a process: a new connection for each message would cost 1.5 ms.
    return redis.Redis.from_url(
        settings.REDIS_URL, socket_timeout=1, socket_connect_timeout=1
    )
