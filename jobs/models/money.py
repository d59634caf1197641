"""Purchases: every vendor call that costs money, written down before it is made."""

import uuid
from decimal import Decimal

from django.conf import settings
from django.db import models

from jobs.models.jobs import Job
from jobs.models.projects import Project
from jobs.models.stages import Stage


class Purchase(models.Model):
    class State(models.TextChoices):
        # Written down, perhaps sent: until the vendor's id is known nobody can tell.
        INTENDED = "intended"
        KNOWN = "known"
        SETTLED = "settled"
        # The vendor refused or spoiled it: another try buys anew.
        VOID = "void"

    # Also the key that the vendor is given, where it takes one.
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    stage = models.ForeignKey(Stage, models.CASCADE, related_name="purchases")
    job = models.ForeignKey(Job, models.CASCADE, related_name="purchases")
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="purchases"
    )
    project = models.ForeignKey(Project, models.CASCADE, related_name="purchases")
    vendor = models.CharField(max_length=40)
    item = models.CharField(max_length=120)
    state = models.CharField(max_length=10, choices=State, default=State.INTENDED)
    vendor_id = models.CharField(max_length=200, blank=True)
    estimate_usd = models.DecimalField(max_digits=12, decimal_places=6)
    actual_usd = models.DecimalField(
        max_digits=12, decimal_places=6, default=Decimal(0)
    )
    created_at = models.DateTimeField(auto_now_add=True)
    settled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["stage", "item"],
                condition=~models.Q(state="void"),
                name="bought_once",
            )
        ]
        indexes = [
            models.Index(fields=["vendor", "vendor_id"]),
            models.Index(fields=["owner", "created_at"]),
        ]

    def __str__(self) -> str:
        return f"{self.vendor} {self.item}"
