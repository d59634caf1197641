"""An RQ worker whose horses run stages; the parent guards their leases and takes back what they lose."""

import os
import signal
import time
from collections.abc import Sequence
from datetime import timedelta
from types import FrameType

import redis
import structlog
from django.conf import settings
from django.db import Error as DatabaseError
from django.db import connection
from django.utils import timezone
from redis import Redis
from redis.client import Pipeline
from rq import Worker as RqWorker
from rq.job import Job as RqJob
from rq.queue import Queue as RqQueue

from jobs import flow, presence
from jobs.models import Stage
from jobs.models import Worker as WorkerRow
from jobs.runtime import horse, picking
from jobs.runtime.signals import DRAIN, NOT_YOURS

logger = structlog.get_logger(__name__)

BEAT_S = 1
# How long a draining horse may take before its stages are handed back without it.
DRAIN_GRACE_S = 5.0


class StageWorker(RqWorker):
    """Forks a horse for each message; never trusts Redis for what is true."""

    def __init__(
        self, queues: Sequence[str], *, serves: Sequence[str], connection: Redis
    ) -> None:
        super().__init__(
            list(queues), connection=connection, job_monitoring_interval=BEAT_S
        )
        self.row = presence.announce(WorkerRow.Duty.WORKER, serves)
        self._beaten_at = 0.0
        self._drain_since: float | None = None
        self._stray_since: float | None = None
        self._held = 0
        self._own_pid = os.getpid()
        horse.serve_as(self.row.pk, serves)

    @property
    def dequeue_timeout(self) -> int:
        # So that an idle worker comes round often enough to say that it is alive.
        return 2

    # The horse ------------------------------------------------------------------------

    def execute_job(self, job: RqJob, queue: RqQueue) -> None:
        if not self._is_worth_a_horse(job):
            job.delete()
            return
        super().execute_job(job, queue)
        self._take_back("its work horse died")

    def _is_worth_a_horse(self, job: RqJob) -> bool:
        """Another horse may have run this stage already: then there is nothing to fork for."""
        if job.func_name != "jobs.runtime.horse.run_stage":
            return True
        try:
            return picking.has_work(*job.args)
        except DatabaseError:
            connection.close()
            return True

    def main_work_horse(self, job: RqJob, queue: RqQueue) -> None:
        horse.die_with_parent(self._own_pid)
        self._inherited = horse.forget_inherited_connections()
        super().main_work_horse(job, queue)

    def fork_work_horse(self, job: RqJob, queue: RqQueue) -> None:
        self._own_pid = os.getpid()
        self._stray_since = None
        super().fork_work_horse(job, queue)

    # Heartbeats -----------------------------------------------------------------------

    def heartbeat(
        self, timeout: int | None = None, pipeline: Pipeline | None = None
    ) -> None:
        self._beat()
        super().heartbeat(timeout, pipeline)

    def maintain_heartbeats(self, job: RqJob) -> None:
        self._beat()
        self._guard_horse()
        try:
            super().maintain_heartbeats(job)
        except redis.RedisError as error:
            logger.warning("redis did not take the heartbeat", error=str(error))

    def set_current_job_working_time(
        self, current_job_working_time: float, pipeline: Pipeline | None = None
    ) -> None:
        try:
            super().set_current_job_working_time(current_job_working_time, pipeline)
        except redis.RedisError:
            self.current_job_working_time = current_job_working_time

    def _beat(self) -> None:
        """Say in Postgres that this worker lives, and renew the leases of its stages."""
        if self.is_horse or time.monotonic() - self._beaten_at < BEAT_S * 0.9:
            return
        self._beaten_at = time.monotonic()
        try:
            presence.beat(self.row, draining=self._drain_since is not None)
            self._held = Stage.objects.filter(
                worker_id=self.row.pk, status=Stage.Status.RUNNING
            ).update(
                lease_until=timezone.now() + timedelta(seconds=settings.LEASE_SECONDS)
            )
        except DatabaseError as error:
            # The next beat tries again; a lease outlives a short outage.
            logger.warning("postgres did not take the heartbeat", error=str(error))
            self._held = 1
            connection.close()

    def _guard_horse(self) -> None:
        """Stop a horse that works on nothing of ours, or too long for a shutdown."""
        if self._drain_since and time.monotonic() - self._drain_since > DRAIN_GRACE_S:
            self.kill_horse(signal.SIGKILL)
            return
        if self._held:
            self._stray_since = None
            return
        self._stray_since = self._stray_since or time.monotonic()
        self._signal_horse(NOT_YOURS)
        if time.monotonic() - self._stray_since > settings.CANCEL_GRACE_SECONDS:
            logger.warning("killing a work horse that did not stop")
            self.kill_horse(signal.SIGKILL)

    def _signal_horse(self, number: signal.Signals) -> None:
        try:
            os.kill(self.horse_pid, number)
        except ProcessLookupError:
            logger.debug("the work horse has ended by itself")

    # Shutting down --------------------------------------------------------------------

    def handle_warm_shutdown_request(self) -> None:
        self._drain_since = time.monotonic()
        if self.horse_pid:
            self._signal_horse(DRAIN)

    def set_shutdown_requested_date(self) -> None:
        try:
            super().set_shutdown_requested_date()  # type: ignore[no-untyped-call]  # rq's
        except redis.RedisError as error:
            logger.warning("redis was not told of the shutdown", error=str(error))

    def request_force_stop(self, signum: int, frame: FrameType | None) -> None:
        """A second signal: the horse goes at once, and its stages back to the others."""
        if self.horse_pid:
            self.kill_horse(signal.SIGKILL)

    def teardown(self) -> None:
        if not self.is_horse:
            self._take_back("its worker shut down")
            presence.leave(self.row)
        try:
            super().teardown()  # type: ignore[no-untyped-call]  # rq's
        except redis.RedisError as error:
            logger.warning("redis was not told of the end", error=str(error))

    def _take_back(self, why: str) -> None:
        """Stages that a horse left running behind go back into the queue at once."""
        try:
            left = Stage.objects.filter(
                worker_id=self.row.pk, status=Stage.Status.RUNNING
            ).values_list("pk", "job_id", "attempt")
            for stage_id, job_id, attempt in left:
                self._take_back_one(stage_id, job_id, attempt, why)
        except DatabaseError as error:
            # Their leases run out, and the dispatcher does this instead.
            logger.warning("stages were not taken back", error=str(error))
            connection.close()

    def _take_back_one(
        self, stage_id: int, job_id: object, attempt: int, why: str
    ) -> None:
        with flow.changing(job_id) as change:
            for stage in change.stages:
                held = stage.worker_id == self.row.pk and stage.attempt == attempt
                if stage.pk != stage_id or not held:
                    continue
                if stage.status != Stage.Status.RUNNING:
                    continue
                if self._drain_since:
                    flow.hand_back(change, stage)
                else:
                    flow.lose(change, stage, why)
