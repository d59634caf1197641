"""Purchases: what was bought from vendors, and what became of it."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.safestring import SafeString

from jobs import registry
from jobs.admin import shown
from jobs.admin.lists import ReadOnlyAdmin
from jobs.engines import AUTO, LOCAL, engines_of
from jobs.models import Purchase


class VendorFilter(admin.SimpleListFilter):
    """Whom the pipelines can buy from; asking the table would read it all."""

    title = "vendor"
    parameter_name = "vendor"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        pipelines = registry.all_pipelines()
        names = {e.name for p in pipelines for e in engines_of(p)} - {AUTO, LOCAL}
        return [(name, name) for name in sorted(names)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        name = self.value()
        return queryset.filter(vendor=name) if name else queryset


@admin.register(Purchase)
class PurchaseAdmin(ReadOnlyAdmin):
    list_display = (
        "vendor",
        "item",
        "state",
        "vendor_id",
        "estimate_usd",
        "actual_usd",
        "owner",
        "job_link",
        "created_at",
    )
    list_filter = ("state", VendorFilter)
    list_select_related = ("owner",)
    search_fields = ("vendor_id__startswith", "item__istartswith")
    ordering = ("-created_at", "-id")

    @admin.display(description="Job")
    def job_link(self, purchase: Purchase) -> SafeString:
        address = reverse("admin:jobs_job_change", args=[purchase.job_id])
        return shown.link(address, str(purchase.job_id)[:8])
