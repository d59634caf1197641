"""Events: a job's append-only, numbered history."""

from django.db import models

from jobs.models.jobs import Job


class Event(models.Model):
    class Kind(models.TextChoices):
        SUBMITTED = "submitted"
        QUEUED = "queued"
        CLAIMED = "claimed"
        WAITING = "waiting"
        WOKEN = "woken"
        APPROVED = "approved"
        EDITED = "edited"
        RETRIED = "retried"
        LOST = "lost"
        HANDED_BACK = "handed_back"
        SUCCEEDED = "succeeded"
        SKIPPED = "skipped"
        FAILED = "failed"
        CANCELLED = "cancelled"
        EXPIRED = "expired"
        STUCK = "stuck"
        BOUGHT = "bought"
        SPENT = "spent"
        LOG = "log"
        PRIORITY = "priority"
        ENDED = "ended"

    TROUBLES = (Kind.RETRIED, Kind.LOST, Kind.STUCK, Kind.FAILED)

    job = models.ForeignKey(Job, models.CASCADE, related_name="events")
    seq = models.PositiveIntegerField()
    at = models.DateTimeField()
    kind = models.CharField(max_length=12, choices=Kind)
    # The stage's name, with its part behind a slash where it has parts.
    stage = models.CharField(max_length=80, blank=True)
    data = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering = ["seq"]
        constraints = [
            models.UniqueConstraint(fields=["job", "seq"], name="events_are_numbered")
        ]
        indexes = [
            models.Index(
                fields=["at"],
                condition=models.Q(kind__in=["retried", "lost", "stuck", "failed"]),
                name="troubles",
            )
        ]

    def __str__(self) -> str:
        return f"{self.seq} {self.kind}"
