"""The staff's door. Django finds this package; each file registers its subject."""

from jobs.admin import access, assets, jobs, money, projects, stages, webhooks, workers

__all__ = [
    "access",
    "assets",
    "jobs",
    "money",
    "projects",
    "stages",
    "webhooks",
    "workers",
]
