"""One owner's jobs of one status, page by page; made beside a table that stays in use."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    # An index cannot be made concurrently within a transaction.
    atomic = False

    dependencies = [("jobs", "0001_initial")]

    operations = [
        AddIndexConcurrently(
            model_name="job",
            index=models.Index(
                fields=["owner", "status", "-created_at", "-id"],
                name="jobs_by_owner_and_status",
            ),
        ),
    ]
