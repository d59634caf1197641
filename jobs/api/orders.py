"""Reads what somebody orders: one job, or many at once."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.conf import settings
from rest_framework import serializers

from jobs.engines import AUTO
from jobs.models import Job, Priority
from jobs.services import JobOrder
from jobs.toolbox.fetch import UrlRefusedError, check_url


class JobOrderSerializer(serializers.Serializer[Job]):
    """A job as it is asked for."""

    pipeline = serializers.CharField(max_length=40)
    project = serializers.CharField(max_length=80, required=False, allow_blank=True)
    params = serializers.DictField(required=False)
    inputs = serializers.ListField(
        child=serializers.CharField(max_length=64),
        required=False,
        max_length=1000,
        help_text="Ids of assets.",
    )
    engine = serializers.CharField(max_length=40, required=False, default=AUTO)
    priority = serializers.ChoiceField(
        choices=Priority.labels, required=False, default=Priority.NORMAL.label
    )
    review = serializers.BooleanField(required=False, default=False)
    cache = serializers.BooleanField(required=False, default=True)
    max_attempts = serializers.IntegerField(
        min_value=1, max_value=100, required=False, allow_null=True
    )
    retry_delay_seconds = serializers.FloatField(
        min_value=0, max_value=86_400, required=False, allow_null=True
    )
    start_by = serializers.DateTimeField(required=False, allow_null=True)
    finish_by = serializers.DateTimeField(required=False, allow_null=True)
    budget_usd = serializers.DecimalField(
        max_digits=10, decimal_places=4, min_value=0, required=False, allow_null=True
    )
    webhook_url = serializers.URLField(
        max_length=2000, required=False, allow_blank=True
    )
    notify = serializers.BooleanField(
        required=False, default=False, help_text="A mail when it has ended."
    )

    def validate_webhook_url(self, url: str) -> str:
        try:
            if url:
                check_url(url, allow_private=settings.ALLOW_PRIVATE_ADDRESSES)
        except UrlRefusedError as error:
            error.errors = {"webhook_url": [error.detail]}
            raise
        return url

    def validate_start_by(self, moment: datetime | None) -> datetime | None:
        return _storable(moment)

    def validate_finish_by(self, moment: datetime | None) -> datetime | None:
        return _storable(moment)


class BatchOrderSerializer(serializers.Serializer[Job]):
    """Either `jobs`, or one pipeline over many inputs."""

    name = serializers.CharField(max_length=200, required=False, allow_blank=True)
    jobs = serializers.ListField(
        child=JobOrderSerializer(), required=False, min_length=1, max_length=1000
    )
    pipeline = serializers.CharField(max_length=40, required=False)
    project = serializers.CharField(max_length=80, required=False, allow_blank=True)
    params = serializers.DictField(required=False)
    inputs = serializers.ListField(
        child=serializers.CharField(max_length=64), required=False, max_length=1000
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("jobs" in attrs) == ("pipeline" in attrs):
            raise serializers.ValidationError(
                "Send either “jobs”, or “pipeline” with “inputs”."
            )
        if "pipeline" in attrs and not attrs.get("inputs"):
            raise serializers.ValidationError({"inputs": ["Name at least one asset."]})
        return attrs


# What an order of many jobs may say once for all of them.
SHARED = (
    "engine",
    "priority",
    "review",
    "cache",
    "budget_usd",
    "webhook_url",
    "notify",
)


def job_order(told: Mapping[str, Any]) -> JobOrder:
    """An order from validated fields; what was left out keeps its default."""
    return JobOrder(**{k: v for k, v in told.items() if v is not None})


def batch_orders(data: Any) -> tuple[str, list[JobOrder]]:
    """A batch's name and its orders; raises ValidationError."""
    batch = BatchOrderSerializer(data=data)
    batch.is_valid(raise_exception=True)
    told = batch.validated_data
    name: str = told.get("name", "")
    if "jobs" in told:
        return name, [job_order(each) for each in told["jobs"]]
    shared = {k: data[k] for k in SHARED if k in data}
    shared |= {k: told[k] for k in ("pipeline", "project", "params") if k in told}
    orders = []
    for asset_id in told["inputs"]:
        order = JobOrderSerializer(data={**shared, "inputs": [asset_id]})
        order.is_valid(raise_exception=True)
        orders.append(job_order(order.validated_data))
    return name, orders


def _storable(moment: datetime | None) -> datetime | None:
    if moment is not None and not 1970 <= moment.year <= 9000:
        raise serializers.ValidationError("Choose a moment in this age.")
    return moment
