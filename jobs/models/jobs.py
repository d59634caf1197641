"""Jobs: runs of a pipeline over some inputs; batches of them."""

import uuid
from decimal import Decimal

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models

from jobs.models.projects import Project


class Priority(models.IntegerChoices):
    """Smaller goes first."""

    HIGH = 0, "high"
    NORMAL = 1, "normal"
    LOW = 2, "low"


class Batch(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="batches"
    )
    name = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name_plural = "batches"
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return self.name or str(self.pk)


class Job(models.Model):
    class Status(models.TextChoices):
        QUEUED = "queued"
        RUNNING = "running"
        WAITING = "waiting"
        SUCCEEDED = "succeeded"
        FAILED = "failed"
        CANCELLED = "cancelled"
        EXPIRED = "expired"

    ENDED = (Status.SUCCEEDED, Status.FAILED, Status.CANCELLED, Status.EXPIRED)

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="jobs"
    )
    project = models.ForeignKey(Project, models.CASCADE, related_name="jobs")
    batch = models.ForeignKey(
        Batch, models.SET_NULL, null=True, blank=True, related_name="jobs"
    )
    pipeline = models.SlugField(max_length=40)
    params = models.JSONField(default=dict, blank=True)
    engine = models.CharField(max_length=40, default="auto")
    priority = models.SmallIntegerField(choices=Priority, default=Priority.NORMAL)
    review = models.BooleanField(default=False)
    approved_at = models.DateTimeField(null=True, blank=True)
    cache = models.BooleanField(default=True)
    max_attempts = models.PositiveSmallIntegerField()
    retry_delay_seconds = models.FloatField()
    start_by = models.DateTimeField(null=True, blank=True)
    finish_by = models.DateTimeField(null=True, blank=True)
    budget_usd = models.DecimalField(
        max_digits=10, decimal_places=4, null=True, blank=True
    )
    webhook_url = models.URLField(max_length=2000, blank=True)
    notify = models.BooleanField(default=False)

    status = models.CharField(max_length=10, choices=Status, default=Status.QUEUED)
    progress = models.FloatField(default=0)
    message = models.CharField(max_length=500, blank=True)
    result = models.JSONField(null=True, blank=True, encoder=DjangoJSONEncoder)
    error = models.JSONField(null=True, blank=True)
    cost_usd = models.DecimalField(max_digits=12, decimal_places=6, default=Decimal(0))
    # The number of its last event.
    seq = models.PositiveIntegerField(default=0)
    request_id = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["-created_at", "-id"]
        indexes = [
            models.Index(fields=["owner", "-created_at", "-id"]),
            models.Index(
                fields=["owner", "status", "-created_at", "-id"],
                name="jobs_by_owner_and_status",
            ),
            models.Index(fields=["project", "-created_at", "-id"]),
            models.Index(fields=["pipeline", "-created_at", "-id"]),
            models.Index(fields=["status", "-created_at", "-id"]),
            models.Index(fields=["-created_at", "-id"]),
            models.Index(fields=["batch"]),
            models.Index(
                fields=["owner", "pipeline", "status"],
                condition=models.Q(status__in=["queued", "running", "waiting"]),
                name="open_jobs",
            ),
            models.Index(
                fields=["start_by"],
                condition=models.Q(start_by__isnull=False, started_at__isnull=True),
                name="jobs_by_start_by",
            ),
            models.Index(
                fields=["finish_by"],
                condition=models.Q(finish_by__isnull=False, finished_at__isnull=True),
                name="jobs_by_finish_by",
            ),
            models.Index(
                fields=["finished_at"],
                condition=models.Q(finished_at__isnull=False),
                name="ended_jobs",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.pipeline} {self.pk}"

    @property
    def ended(self) -> bool:
        return self.status in self.ENDED


class JobInput(models.Model):
    """One of a job's inputs, in the order they were given."""

    job = models.ForeignKey(Job, models.CASCADE, related_name="job_inputs")
    position = models.PositiveIntegerField()
    asset = models.ForeignKey(
        "jobs.Asset", models.SET_NULL, null=True, related_name="used_by"
    )

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(
                fields=["job", "position"], name="one_input_a_place"
            )
        ]

    def __str__(self) -> str:
        return f"input {self.position} of {self.job_id}"
