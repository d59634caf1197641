"""What went wrong lately, for the metrics; made beside a table that stays in use."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    # An index cannot be made concurrently within a transaction.
    atomic = False

    dependencies = [("jobs", "0002_jobs_by_owner_and_status")]

    operations = [
        AddIndexConcurrently(
            model_name="event",
            index=models.Index(
                fields=["at"],
                condition=models.Q(kind__in=["retried", "lost", "stuck", "failed"]),
                name="troubles",
            ),
        ),
    ]
