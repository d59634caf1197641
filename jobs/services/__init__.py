"""What may be done to a job: the one way in for every door."""

from jobs.services.ordering import JobOrder, estimate, parse_params
from jobs.services.removing import (
    delete_asset,
    delete_job,
    delete_project,
    wipe_project,
)
from jobs.services.steering import (
    amend,
    approve,
    cancel,
    change_priority,
    retry,
    wake_for_vendor,
    wake_stage,
)
from jobs.services.submitting import begin, submit, submit_batch

__all__ = [
    "JobOrder",
    "amend",
    "approve",
    "begin",
    "cancel",
    "change_priority",
    "delete_asset",
    "delete_job",
    "delete_project",
    "estimate",
    "parse_params",
    "retry",
    "submit",
    "submit_batch",
    "wake_for_vendor",
    "wake_stage",
    "wipe_project",
]
