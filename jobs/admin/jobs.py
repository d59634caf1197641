"""Jobs and batches: a list that moves, a page that shows everything, actions on many."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from jobs import registry, services
from jobs.access import as_uuid
from jobs.admin import shown
from jobs.admin.lists import ReadOnlyAdmin
from jobs.errors import RequestError
from jobs.models import Batch, Job, Purchase
from jobs.pages.covers import title_of
from jobs.pages.history import history
from jobs.pages.job import job_context
from jobs.snapshots import with_snapshot_rows
from jobs.templatetags import studio


class PipelineFilter(admin.SimpleListFilter):
    """Only the pipelines that are there: asking the table for them would read it all."""

    title = "pipeline"
    parameter_name = "pipeline"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(p.slug, p.title) for p in registry.all_pipelines()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        slug = self.value()
        return queryset.filter(pipeline=slug) if slug else queryset


@admin.register(Job)
class JobAdmin(ReadOnlyAdmin):
    list_display = (
        "what",
        "state",
        "moving",
        "project_link",
        "owner",
        "priority",
        "cost",
        "age",
    )
    list_display_links = ("what",)
    list_filter = ("status", PipelineFilter, "priority")
    list_select_related = ("project", "owner")
    search_fields = ("project__slug__istartswith", "owner__username__istartswith")
    ordering = ("-created_at", "-id")
    actions = ("retry", "cancel", "raise_priority", "lower_priority")
    change_form_template = "admin/jobs/job/page.html"

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        # Staff may act on jobs; the page itself has no field to change.
        return bool(request.user.is_staff)

    @admin.display(description="Job")
    def what(self, job: Job) -> SafeString:
        return format_html(
            '<span data-job="{}" data-project="{}" data-status="{}">{} <span class="mono muted">{}</span></span>',
            job.pk,
            job.project_id,
            job.status,
            title_of(job.pipeline),
            str(job.pk)[:8],
        )

    @admin.display(description="State")
    def state(self, job: Job) -> SafeString:
        return studio.state(job.status)

    @admin.display(description="Progress")
    def moving(self, job: Job) -> SafeString:
        return shown.progress(job.progress, job.status)

    @admin.display(description="Project")
    def project_link(self, job: Job) -> SafeString:
        return shown.link(
            reverse("studio:project", args=[job.project_id]), job.project.slug
        )

    @admin.display(description="Cost")
    def cost(self, job: Job) -> str:
        return shown.money(job.cost_usd)

    @admin.display(description="Made", ordering="created_at")
    def age(self, job: Job) -> SafeString | str:
        return studio.ago(job.created_at)

    @admin.action(description="Run again from the failed step")
    def retry(self, request: HttpRequest, jobs: QuerySet[Job]) -> None:
        _do_each(request, jobs, services.retry, "started again")

    @admin.action(description="Cancel")
    def cancel(self, request: HttpRequest, jobs: QuerySet[Job]) -> None:
        _do_each(request, jobs, services.cancel, "cancelled")

    @admin.action(description="Priority: high")
    def raise_priority(self, request: HttpRequest, jobs: QuerySet[Job]) -> None:
        _do_each(request, jobs, _with_priority("high"), "put to high priority")

    @admin.action(description="Priority: low")
    def lower_priority(self, request: HttpRequest, jobs: QuerySet[Job]) -> None:
        _do_each(request, jobs, _with_priority("low"), "put to low priority")

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        pk = as_uuid(object_id)
        rows = with_snapshot_rows(Job.objects.select_related("owner", "batch"))
        job = rows.filter(pk=pk).first() if pk else None
        extra = dict(extra_context or {}) | (_page_context(job) if job else {})
        return super().change_view(request, object_id, form_url, extra)

    def get_urls(self) -> list[URLPattern]:
        live = self.admin_site.admin_view(self.live_view)
        return [
            path("<uuid:job_id>/live/", live, name="jobs_job_live"),
            *super().get_urls(),
        ]

    def live_view(self, request: HttpRequest, job_id: UUID) -> HttpResponse:
        """The parts of the page that follow the job; put in place by the page's script."""
        rows = with_snapshot_rows(Job.objects.select_related("owner", "batch"))
        job = get_object_or_404(rows, pk=job_id)
        return render(request, "admin/jobs/job/_live.html", _page_context(job))


def _page_context(job: Job) -> dict[str, Any]:
    """What the page shows of a job loaded `with_snapshot_rows`."""
    return job_context(job) | {
        "history": history(job),
        "purchases": Purchase.objects.filter(job=job).order_by("created_at"),
        "stages": job.stages.all(),
    }


def _with_priority(priority: str) -> Callable[[Job], Job]:
    return lambda job: services.change_priority(job, priority)


def _do_each(
    request: HttpRequest,
    jobs: QuerySet[Job],
    act: Callable[[Job], Job],
    done_words: str,
) -> None:
    """Each by itself: one that is in the wrong state does not hold the others up."""
    done, refused = 0, ""
    for job in jobs:
        try:
            act(job)
            done += 1
        except RequestError as error:
            refused = error.detail
    if done:
        messages.success(request, f"{done} jobs {done_words}.")
    if refused:
        left = len(jobs) - done
        messages.warning(request, f"{left} jobs were left as they are: {refused}")


@admin.register(Batch)
class BatchAdmin(ReadOnlyAdmin):
    list_display = ("__str__", "owner", "created_at")
    list_select_related = ("owner",)
    search_fields = ("name__istartswith", "owner__username__istartswith")
    ordering = ("-created_at",)
