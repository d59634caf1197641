"""Workers and dispatchers that are alive, as they say themselves."""

import uuid

from django.contrib.postgres.fields import ArrayField
from django.db import models


class Worker(models.Model):
    class Duty(models.TextChoices):
        WORKER = "worker"
        DISPATCHER = "dispatcher"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    duty = models.CharField(max_length=10, choices=Duty, default=Duty.WORKER)
    host = models.CharField(max_length=200)
    pid = models.PositiveIntegerField()
    queues = ArrayField(models.CharField(max_length=8), default=list, blank=True)
    draining = models.BooleanField(default=False)
    started_at = models.DateTimeField()
    seen_at = models.DateTimeField(db_index=True)
    stopped_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-seen_at"]

    def __str__(self) -> str:
        return f"{self.duty} {self.host}:{self.pid}"
