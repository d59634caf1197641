"""An RQ worker whose horses run stages; the parent guards their leases and takes back what they lose."""

import gc
import os
import signal
import time
from collections.abc import Sequence
from contextlib import suppress
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
from rq import worker_registration
from rq.exceptions import StopRequested
from rq.job import Job as RqJob
from rq.queue import Queue as RqQueue

from jobs import flow, presence, queues
from jobs.models import Stage
from jobs.models import Worker as WorkerRow
from jobs.runtime import horse, picking, scratch
from jobs.runtime.signals import DRAIN, NOT_YOURS, flags, slate

logger = structlog.get_logger(__name__)

BEAT_S = 1
# An idle worker comes round this often: to say that it is alive, and to look for stages
# that a horse left behind while Postgres was away.
IDLE_ROUND_S = 2
# How long a draining horse may take before its stages are handed back without it.
DRAIN_GRACE_S = 3.5
# A purchase under way is given longer: its answer would be lost.
DRAIN_GRACE_BUYING_S = 5.0
CANCEL_GRACE_BUYING_S = 60.0
SWEEP_EVERY_S = 60.0
# How long to wait before a server is asked again.
PAUSE_S = 1.0

# A lease is renewed for what this worker holds, and this is what it holds.
_RENEW = """
UPDATE jobs_stage SET lease_until = %(until)s
WHERE worker_id = %(worker)s AND status = 'running'
RETURNING id
"""


class StageWorker(RqWorker):
    """Forks a horse for each message; never trusts Redis for what is true."""

    # Redis is asked again this often, however long it has been away.
    max_connection_wait_time = 2.0

    def __init__(
        self, names: Sequence[str], *, serves: Sequence[str], connection: Redis
    ) -> None:
        super().__init__(
            list(names), connection=connection, job_monitoring_interval=BEAT_S
        )
        self.row = presence.announce(WorkerRow.Duty.WORKER, serves)
        self._beaten_at = 0.0
        self._drain_since: float | None = None
        self._stray_since: float | None = None
        # The stages it held at its last beat; None when Postgres did not say.
        self._held: frozenset[int] | None = None
        self._own_pid = os.getpid()
        self._swept_at = 0.0
        horse.serve_as(self.row.pk, serves)

    @property
    def dequeue_timeout(self) -> int:
        return IDLE_ROUND_S

    # The loop -------------------------------------------------------------------------

    def work(self, *_args: object, **_options: object) -> bool:
        """RQ's own loop ends when Redis does not answer; this one waits until it does."""
        self._install_signal_handlers()  # type: ignore[no-untyped-call]  # rq's
        flags.install()
        # What is loaded by now stays: horses need not copy it when they collect garbage.
        gc.freeze()
        born = False
        try:
            while not self._stop_requested:
                try:
                    if not born:
                        self.bootstrap("WARNING")
                        born = True
                    self._take_turn()
                except (redis.RedisError, DatabaseError) as error:
                    logger.warning("a server does not answer", error=str(error).strip())
                    connection.close()
                    self._beat()
                    time.sleep(PAUSE_S)
        except StopRequested:
            logger.debug("asked to stop while idle")
        finally:
            self.teardown()
        return True

    def _take_turn(self) -> None:
        if self.should_run_maintenance_tasks:
            self.run_maintenance_tasks()  # type: ignore[no-untyped-call]  # rq's
        if self._held != frozenset():
            # No horse is out: whatever is still held was left while Postgres was away.
            self._take_back("its work horse died")
        self._do_chores()
        taken = self.dequeue_job_and_maintain_ttl(
            self.dequeue_timeout, max_idle_time=IDLE_ROUND_S
        )
        if taken is not None:
            self.execute_job(*taken)

    def _do_chores(self) -> None:
        """What can be done beside a horse, too."""
        if time.monotonic() - self._swept_at > SWEEP_EVERY_S:
            self._swept_at = time.monotonic()
            scratch.sweep()
        self._sign_up_again()

    def _sign_up_again(self) -> None:
        """A flushed Redis knows no workers; its monitoring should show this one again."""
        if not self.connection.exists(self.key):
            with self.connection.pipeline() as pipeline:
                pipeline.hset(self.key, mapping=self.serialize())
                worker_registration.register(self, pipeline)
                pipeline.execute()

    # The horse ------------------------------------------------------------------------

    def execute_job(self, job: RqJob, queue: RqQueue) -> None:
        if not self._is_worth_a_horse(job):
            queues.forget(job)
            return
        try:
            super().execute_job(job, queue)
        finally:
            self._take_back("its work horse died")

    def _is_worth_a_horse(self, job: RqJob) -> bool:
        """Another horse may have run this stage already: then there is nothing to fork for."""
        if job.func_name != queues.RUN_STAGE:
            return True
        try:
            return picking.still_due(*job.args).exists()
        except DatabaseError:
            connection.close()
            return True

    def fork_work_horse(self, job: RqJob, queue: RqQueue) -> None:
        self._own_pid = os.getpid()
        self._stray_since = None
        slate.clear()
        super().fork_work_horse(job, queue)

    def main_work_horse(self, job: RqJob, queue: RqQueue) -> None:
        horse.die_with_parent(self._own_pid)
        self._inherited = horse.forget_inherited_connections()
        super().main_work_horse(job, queue)

    # Heartbeats -----------------------------------------------------------------------

    def heartbeat(
        self, timeout: int | None = None, pipeline: Pipeline | None = None
    ) -> None:
        self._beat()
        super().heartbeat(timeout, pipeline)

    def maintain_heartbeats(self, job: RqJob) -> None:
        before = slate.current
        self._beat()
        self._guard_horse(before)
        try:
            self._do_chores()
            super().maintain_heartbeats(job)
        except redis.RedisError as error:
            logger.warning("redis did not take the heartbeat", error=str(error))
        except DatabaseError as error:
            logger.warning("chores put off", error=str(error).strip())
            connection.close()

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
        until = timezone.now() + timedelta(seconds=settings.LEASE_SECONDS)
        try:
            presence.beat(self.row, draining=self._drain_since is not None)
            with connection.cursor() as cursor:
                cursor.execute(_RENEW, {"until": until, "worker": self.row.pk})
                self._held = frozenset(row[0] for row in cursor.fetchall())
        except DatabaseError as error:
            # The next beat tries again; a lease outlives a short outage.
            logger.warning("postgres did not take the heartbeat", error=str(error))
            self._held = None
            connection.close()

    def _guard_horse(self, before: int) -> None:
        """Stop a horse that works on what is not ours any more, or too long for a shutdown."""
        buying = slate.unbreakable
        if self._drain_since:
            self._signal_horse(DRAIN)
            grace = DRAIN_GRACE_BUYING_S if buying else DRAIN_GRACE_S
            if time.monotonic() - self._drain_since > grace:
                self.kill_horse(signal.SIGKILL)
                return
        # Read before the rows were and now: otherwise it has gone on to another stage.
        current = slate.current
        is_stray = current and current == before
        if not is_stray or self._held is None or current in self._held:
            self._stray_since = None
            return
        self._stray_since = self._stray_since or time.monotonic()
        slate.unwanted = current
        self._signal_horse(NOT_YOURS)
        grace = CANCEL_GRACE_BUYING_S if buying else settings.CANCEL_GRACE_SECONDS
        if time.monotonic() - self._stray_since > grace:
            logger.warning("killing a work horse that did not stop", stage=current)
            self.kill_horse(signal.SIGKILL)

    def _signal_horse(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            os.kill(self.horse_pid, number)

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
        if self.is_horse:
            return
        # The signal may have come in the middle of a query.
        connection.close()
        self._take_back("its worker shut down")
        try:
            presence.leave(self.row)
        except DatabaseError as error:
            logger.warning("postgres was not told of the end", error=str(error))
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
                scratch.remove(stage_id, attempt)
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
