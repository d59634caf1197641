"""Stages: what workers hold, wait for and failed at."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.safestring import SafeString

from jobs.admin import shown
from jobs.admin.jobs import PipelineFilter
from jobs.admin.lists import ReadOnlyAdmin
from jobs.models import Stage
from jobs.pipeline import Queue
from jobs.templatetags import studio


class QueueFilter(admin.SimpleListFilter):
    """The queues that there are, without reading a million stages for their names."""

    title = "queue"
    parameter_name = "queue"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(queue.value, queue.value) for queue in Queue]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        name = self.value()
        return queryset.filter(queue=name) if name else queryset


@admin.register(Stage)
class StageAdmin(ReadOnlyAdmin):
    list_display = (
        "what",
        "state",
        "moving",
        "job_link",
        "queue",
        "engine",
        "attempt",
        "worker",
        "cost",
        "says",
    )
    list_filter = ("status", QueueFilter, PipelineFilter, "wait_for")
    list_select_related = ("worker",)
    search_fields = ("name__istartswith",)
    ordering = ("-id",)
    exclude = ("checkpoint", "facts")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Stage]:
        return Stage.objects.defer("checkpoint", "facts")

    @admin.display(description="Stage")
    def what(self, stage: Stage) -> str:
        part = "" if stage.part is None else f" · {stage.part_label or stage.part}"
        return f"{stage.pipeline} · {stage.name}{part}"

    @admin.display(description="State")
    def state(self, stage: Stage) -> SafeString:
        return studio.state(stage.status)

    @admin.display(description="Progress")
    def moving(self, stage: Stage) -> SafeString:
        return shown.progress(stage.progress, stage.status)

    @admin.display(description="Job")
    def job_link(self, stage: Stage) -> SafeString:
        address = reverse("admin:jobs_job_change", args=[stage.job_id])
        return shown.link(address, str(stage.job_id)[:8])

    @admin.display(description="Cost")
    def cost(self, stage: Stage) -> str:
        return shown.money(stage.cost_usd)

    @admin.display(description="Says")
    def says(self, stage: Stage) -> str:
        told = (stage.error or {}).get("detail") or stage.wait_reason or stage.message
        return str(told)[:120]
