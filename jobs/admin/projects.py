"""Projects, with links to what they hold."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.safestring import SafeString

from jobs import services
from jobs.admin import shown
from jobs.admin.lists import FastAdmin
from jobs.models import Project


@admin.register(Project)
class ProjectAdmin(FastAdmin):
    list_display = ("name", "slug", "owner", "created_at", "updated_at", "opened")
    list_select_related = ("owner",)
    search_fields = ("slug__istartswith", "owner__username__istartswith")
    ordering = ("-updated_at",)
    raw_id_fields = ("owner",)
    readonly_fields = ("created_at", "updated_at")

    @admin.display(description="Studio")
    def opened(self, project: Project) -> SafeString:
        return shown.link(reverse("studio:project", args=[project.pk]), "Open")

    def delete_model(self, request: HttpRequest, obj: Project) -> None:
        """With its files, which rows alone would leave behind."""
        services.delete_project(obj)

    def delete_queryset(
        self, request: HttpRequest, queryset: QuerySet[Project]
    ) -> None:
        for project in queryset:
            services.delete_project(project)
