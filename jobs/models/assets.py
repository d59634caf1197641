"""Assets: stored files with what is known of them."""

import uuid

from django.db import models

from jobs.inputs import InputFacts, Kind
from jobs.models.jobs import Job
from jobs.models.projects import Project


class Asset(models.Model):
    class Status(models.TextChoices):
        READY = "ready"
        MISSING = "missing"

    class KindChoice(models.TextChoices):
        IMAGE = Kind.IMAGE.value
        VIDEO = Kind.VIDEO.value
        AUDIO = Kind.AUDIO.value
        MODEL = Kind.MODEL.value
        CAPTIONS = Kind.CAPTIONS.value
        DOCUMENT = Kind.DOCUMENT.value
        ARCHIVE = Kind.ARCHIVE.value
        DATA = Kind.DATA.value

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    project = models.ForeignKey(Project, models.CASCADE, related_name="assets")
    # The job and step that made it; both empty on what a person uploaded.
    job = models.ForeignKey(
        Job, models.CASCADE, null=True, blank=True, related_name="files"
    )
    step = models.CharField(max_length=60, blank=True)
    part = models.PositiveIntegerField(null=True, blank=True)
    role = models.CharField(max_length=60, blank=True)
    # Shown to people; what only later stages read is not.
    published = models.BooleanField(default=True)
    kind = models.CharField(max_length=12, choices=KindChoice)
    filename = models.CharField(max_length=255)
    original_filename = models.CharField(max_length=255)
    content_type = models.CharField(max_length=120)
    size_bytes = models.BigIntegerField()
    sha256 = models.CharField(max_length=64)
    width = models.PositiveIntegerField(null=True, blank=True)
    height = models.PositiveIntegerField(null=True, blank=True)
    duration = models.FloatField(null=True, blank=True)
    # What probing found beyond the columns: streams, rotation, frame rate.
    details = models.JSONField(default=dict, blank=True)
    storage_key = models.CharField(max_length=500, unique=True)
    thumbnail_key = models.CharField(max_length=500, blank=True)
    status = models.CharField(max_length=10, choices=Status, default=Status.READY)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-created_at", "-id"]
        indexes = [
            models.Index(fields=["project", "-created_at", "-id"]),
            models.Index(fields=["job", "step", "part"]),
        ]

    def __str__(self) -> str:
        return self.filename

    def facts(self) -> InputFacts:
        """What a pipeline is told of it."""
        return InputFacts(
            asset_id=str(self.pk),
            kind=Kind(self.kind),
            filename=self.original_filename,
            content_type=self.content_type,
            size_bytes=self.size_bytes,
            sha256=self.sha256,
            width_px=self.width,
            height_px=self.height,
            duration_s=self.duration,
        )
