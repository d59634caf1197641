from argparse import ArgumentParser
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from jobs import services
from jobs.files.pruning import prune
from jobs.models import Job


class Command(BaseCommand):
    help = (
        "Remove files between stages, uploads that were given up, and files that no "
        "row knows. Jobs and their results stay, unless --jobs-older-than says otherwise."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--jobs-older-than",
            type=int,
            metavar="DAYS",
            help="also delete jobs that ended so long ago, with their results",
        )

    def handle(self, *, jobs_older_than: int | None, **options: Any) -> None:
        for what, count in asdict(prune()).items():
            self.stdout.write(f"{what.replace('_', ' ')}: {count}")
        if jobs_older_than is None:
            return
        before = timezone.now() - timedelta(days=jobs_older_than)
        count = 0
        for job in Job.objects.filter(finished_at__lt=before).iterator():
            services.delete_job(job)
            count += 1
        self.stdout.write(f"jobs: {count}")
