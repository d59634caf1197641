"""Workers and dispatchers, as they say themselves."""

from django.contrib import admin
from django.utils import timezone
from django.utils.safestring import SafeString

from jobs.admin.lists import ReadOnlyAdmin
from jobs.models import Worker
from jobs.presence import ALIVE_WITHIN
from jobs.templatetags import studio


@admin.register(Worker)
class WorkerAdmin(ReadOnlyAdmin):
    list_display = (
        "__str__",
        "duty",
        "queues",
        "alive",
        "draining",
        "seen",
        "started_at",
    )
    list_filter = ("duty", "draining")
    ordering = ("-seen_at",)

    @admin.display(description="Alive")
    def alive(self, worker: Worker) -> SafeString:
        if worker.stopped_at:
            return studio.state("cancelled", "stopped")
        silent = timezone.now() - worker.seen_at > ALIVE_WITHIN
        return (
            studio.state("failed", "lost")
            if silent
            else studio.state("succeeded", "alive")
        )

    @admin.display(description="Seen", ordering="seen_at")
    def seen(self, worker: Worker) -> SafeString | str:
        return studio.ago(worker.seen_at)
