"""Uploads under way: what lets an interrupted one go on, in any browser."""

import uuid

from django.conf import settings
from django.db import models

from jobs.models.assets import Asset
from jobs.models.projects import Project


class Upload(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="uploads"
    )
    project = models.ForeignKey(Project, models.CASCADE, related_name="uploads")
    filename = models.CharField(max_length=255)
    filetype = models.CharField(max_length=120, blank=True)
    size_bytes = models.BigIntegerField()
    offset = models.BigIntegerField(default=0)
    # The bucket's multipart upload, where the bytes go straight to S3.
    storage_key = models.CharField(max_length=500, blank=True)
    multipart_id = models.CharField(max_length=500, blank=True)
    asset = models.ForeignKey(
        Asset, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    expires_at = models.DateTimeField(db_index=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return self.filename
