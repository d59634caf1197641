"""Projects: named folders of one owner's assets and jobs."""

import uuid

from django.conf import settings
from django.db import models


class Project(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="projects"
    )
    slug = models.SlugField(max_length=80)
    name = models.CharField(max_length=200)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["owner", "slug"], name="one_slug_an_owner")
        ]
        ordering = ["-updated_at"]

    def __str__(self) -> str:
        return self.slug

    @property
    def folder(self) -> str:
        """Its folder's name in each area of the storage tree; a new slug keeps it."""
        return f"project_{self.pk.hex}"
