"""Writes down what a stage says while it runs; every write is conditional on its attempt."""

import json
import time
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import structlog
from django.db import connection
from django.db.models import QuerySet
from django.utils import timezone
from pydantic import BaseModel

from jobs.live.events import PROGRESS_CHANNEL, publish, stage_label
from jobs.models import Event, Stage
from jobs.runtime import purchasing
from jobs.runtime.claiming import Claimed
from jobs.runtime.outages import AWAY, sit_out
from jobs.runtime.signals import StageStopped, flags
from jobs.workbench import Purchase

logger = structlog.get_logger("jobs.stage")

# At most four writes of progress a second and stage.
REPORT_EVERY_S = 0.25

_REPORT_TO_JOB = """
UPDATE jobs_job j SET
    message = %(message)s,
    progress = GREATEST(j.progress, LEAST(99.9, s.progress)),
    updated_at = now()
FROM (
    SELECT SUM(weight * progress) / SUM(weight) AS progress
    FROM jobs_stage WHERE job_id = %(job)s
) s
WHERE j.id = %(job)s AND j.status = 'running'
RETURNING j.progress, j.status, j.seq
"""

_LOG = """
WITH numbered AS (
    UPDATE jobs_job SET seq = seq + 1
    WHERE id = %(job)s AND EXISTS (
        SELECT 1 FROM jobs_stage
        WHERE id = %(stage)s AND attempt = %(attempt)s AND status = 'running'
    )
    RETURNING id, seq
)
INSERT INTO jobs_event (job_id, seq, at, kind, stage, data)
SELECT id, seq, now(), %(kind)s, %(label)s, %(data)s FROM numbered
RETURNING seq
"""


class StageRecorder:
    """The `Recorder` of a claimed stage."""

    def __init__(self, claimed: Claimed) -> None:
        self._claimed = claimed
        self._stage = claimed.stage
        self._reported_at = 0.0

    def report(self, fraction: float, message: str) -> None:
        flags.check()
        now = time.monotonic()
        if now - self._reported_at < REPORT_EVERY_S:
            return
        self._reported_at = now
        percent = max(self._stage.progress, min(fraction * 100, 99.9))
        self._stage.progress = percent
        if message:
            self._stage.message = message[:500]
        try:
            self._update_own(
                progress=percent,
                message=self._stage.message,
                reported_at=timezone.now(),
            )
            self._report_to_job()
        except AWAY as error:
            # The work goes on; a later report tells more.
            logger.warning("progress was not written", error=str(error).strip())
            connection.close()

    def log(self, message: str, level: str) -> None:
        getattr(logger, level)(message)
        try:
            self._append_log(message, level)
        except AWAY as error:
            logger.warning("a line is in this log only", error=str(error).strip())
            connection.close()

    def _append_log(self, message: str, level: str) -> None:
        data = {"message": message[:2000], "level": level}
        with connection.cursor() as cursor:
            cursor.execute(
                _LOG,
                {
                    "job": self._claimed.job.pk,
                    "stage": self._stage.pk,
                    "attempt": self._claimed.attempt,
                    "kind": Event.Kind.LOG,
                    "label": stage_label(self._stage),
                    "data": json.dumps(data),
                },
            )
            if cursor.fetchone() is None:
                raise StageStopped

    def save_checkpoint(self, checkpoint: BaseModel) -> None:
        text = checkpoint.model_dump_json()
        sit_out(lambda: self._save_checkpoint(text))
        flags.check(at_checkpoint=True)

    def _save_checkpoint(self, text: str) -> None:
        if self._own().update(checkpoint=text, reported_at=timezone.now()):
            return
        # Cancelled meanwhile: how to stop the vendor's task is known only from here on.
        purchasing.let_vendor_hear(self._claimed, checkpoint=text)
        raise StageStopped

    def buy(
        self,
        purchase: Purchase,
        send: Callable[[str], str],
        look_up: Callable[[str], str | None] | None,
    ) -> str:
        return purchasing.buy(self._claimed, purchase, send, look_up)

    def spend(self, purchase: Purchase, actual_usd: Decimal) -> None:
        purchasing.settle(self._claimed, purchase, actual_usd)

    def _update_own(self, **fields: Any) -> None:
        if self._own().update(**fields) == 0:
            raise StageStopped

    def _own(self) -> QuerySet[Stage]:
        """The stage's row, for as long as it belongs to this attempt."""
        return Stage.objects.filter(
            pk=self._stage.pk,
            attempt=self._claimed.attempt,
            status=Stage.Status.RUNNING,
        )

    def _report_to_job(self) -> None:
        job = self._claimed.job
        message = self._stage.message or self._claimed.step.label
        with connection.cursor() as cursor:
            cursor.execute(_REPORT_TO_JOB, {"message": message, "job": job.pk})
            row = cursor.fetchone()
        if row is None:
            return
        progress, status, seq = row
        told = {
            "job_id": str(job.pk),
            "status": status,
            "progress": round(progress, 1),
            "message": message,
            "stage": stage_label(self._stage),
            "stage_progress": round(self._stage.progress, 1),
            "seq": seq,
            "project": str(job.project_id),
            "owner": job.owner_id,
        }
        publish(PROGRESS_CHANNEL, json.dumps(told))
