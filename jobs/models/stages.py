"""Stages: the unit of work, of retry, of checkpoint, of progress and of cost."""

from decimal import Decimal

from django.conf import settings
from django.db import models

from jobs.models.jobs import Job, Priority
from jobs.models.workers import Worker


class Stage(models.Model):
    class Status(models.TextChoices):
        PENDING = "pending"
        QUEUED = "queued"
        RUNNING = "running"
        WAITING = "waiting"
        SUCCEEDED = "succeeded"
        SKIPPED = "skipped"
        FAILED = "failed"
        CANCELLED = "cancelled"
        EXPIRED = "expired"

    DONE = (Status.SUCCEEDED, Status.SKIPPED)
    OPEN = (Status.PENDING, Status.QUEUED, Status.RUNNING, Status.WAITING)

    class WaitFor(models.TextChoices):
        TIME = "time"
        RETRY = "retry"
        PERSON = "person"

    job = models.ForeignKey(Job, models.CASCADE, related_name="stages")
    position = models.PositiveSmallIntegerField()
    name = models.CharField(max_length=60)
    part = models.PositiveIntegerField(null=True, blank=True)
    part_label = models.CharField(max_length=200, blank=True)
    # Copied from the job and its pipeline, so that picking the next stage reads one table.
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="+"
    )
    pipeline = models.SlugField(max_length=40, db_index=False)
    priority = models.SmallIntegerField(choices=Priority, default=Priority.NORMAL)
    queue = models.CharField(max_length=8)
    weight = models.FloatField(default=1)

    status = models.CharField(max_length=10, choices=Status, default=Status.PENDING)
    # The fencing token: every write of a worker is conditional on it.
    attempt = models.PositiveIntegerField(default=1)
    failures = models.PositiveIntegerField(default=0)
    losses = models.PositiveIntegerField(default=0)
    wakes = models.PositiveIntegerField(default=0)
    worker = models.ForeignKey(
        Worker, models.SET_NULL, null=True, blank=True, related_name="stages"
    )
    lease_until = models.DateTimeField(null=True, blank=True)
    deadline = models.DateTimeField(null=True, blank=True)
    reported_at = models.DateTimeField(null=True, blank=True)
    # How long it may report nothing.
    quiet_limit = models.DurationField(null=True, blank=True)
    # A cancelled stage whose vendor has still to be told.
    vendor_cancel_due = models.BooleanField(default=False)

    wait_for = models.CharField(max_length=8, choices=WaitFor, blank=True)
    wait_reason = models.CharField(max_length=300, blank=True)
    wake_at = models.DateTimeField(null=True, blank=True)
    give_up_at = models.DateTimeField(null=True, blank=True)

    progress = models.FloatField(default=0)
    message = models.CharField(max_length=500, blank=True)
    engine = models.CharField(max_length=40, blank=True)
    # JSON texts: only the pipeline's own models read them.
    checkpoint = models.TextField(null=True, blank=True)  # noqa: DJ001 - none is no empty text
    facts = models.TextField(blank=True)
    note = models.TextField(blank=True)
    error = models.JSONField(null=True, blank=True)
    cost_usd = models.DecimalField(max_digits=12, decimal_places=6, default=Decimal(0))
    cache_key = models.CharField(max_length=64, blank=True)
    cached_from = models.ForeignKey(
        "self", models.SET_NULL, null=True, blank=True, related_name="+"
    )

    queued_at = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    claimed_at = models.DateTimeField(null=True, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["position", "part"]
        constraints = [
            models.UniqueConstraint(
                fields=["job", "position", "part"],
                nulls_distinct=False,
                name="one_stage_a_part",
            )
        ]
        indexes = [
            models.Index(
                fields=["queue", "priority", "owner", "id"],
                condition=models.Q(status="queued"),
                name="stages_to_pick",
            ),
            models.Index(
                fields=["wake_at"],
                condition=models.Q(status="waiting", wake_at__isnull=False),
                name="stages_to_wake",
            ),
            models.Index(
                fields=["lease_until"],
                condition=models.Q(status="running"),
                name="stages_by_lease",
            ),
            models.Index(
                fields=["owner"],
                condition=models.Q(status="running"),
                name="running_stages",
            ),
            models.Index(
                fields=["owner", "-claimed_at"],
                condition=models.Q(claimed_at__isnull=False),
                name="turns",
            ),
            models.Index(
                fields=["cache_key"],
                condition=models.Q(status="succeeded") & ~models.Q(cache_key=""),
                name="cached_stages",
            ),
            models.Index(
                fields=["id"],
                condition=models.Q(vendor_cancel_due=True),
                name="vendor_cancels_due",
            ),
            models.Index(fields=["pipeline", "name", "-finished_at"]),
        ]

    def __str__(self) -> str:
        part = "" if self.part is None else f" {self.part_label or self.part}"
        return f"{self.name}{part} of {self.job_id}"
