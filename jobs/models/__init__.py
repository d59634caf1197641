"""What is stored. One file a subject; this face hands their names on."""

from jobs.models.access import Allowance, ApiKey, IdempotencyKey, ShareLink
from jobs.models.assets import Asset
from jobs.models.events import Event
from jobs.models.jobs import Batch, Job, JobInput, Priority
from jobs.models.money import Purchase
from jobs.models.projects import Project
from jobs.models.stages import Stage
from jobs.models.uploads import Upload
from jobs.models.webhooks import WebhookDelivery, WebhookEndpoint
from jobs.models.workers import Worker

__all__ = [
    "Allowance",
    "ApiKey",
    "Asset",
    "Batch",
    "Event",
    "IdempotencyKey",
    "Job",
    "JobInput",
    "Priority",
    "Project",
    "Purchase",
    "ShareLink",
    "Stage",
    "Upload",
    "WebhookDelivery",
    "WebhookEndpoint",
    "Worker",
]
