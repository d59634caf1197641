"""Purchases: what was bought from vendors, and what became of it."""

from django.contrib import admin
from django.urls import reverse
from django.utils.safestring import SafeString

from jobs.admin import shown
from jobs.admin.lists import ReadOnlyAdmin
from jobs.models import Purchase


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
    list_filter = ("state", "vendor")
    list_select_related = ("owner",)
    search_fields = ("vendor_id__startswith", "item__istartswith")
    ordering = ("-created_at", "-id")

    @admin.display(description="Job")
    def job_link(self, purchase: Purchase) -> SafeString:
        address = reverse("admin:jobs_job_change", args=[purchase.job_id])
        return shown.link(address, str(purchase.job_id)[:8])
