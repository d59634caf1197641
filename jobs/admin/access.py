"""Keys, limits and share links: who may come in."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from jobs.admin.lists import FastAdmin, ReadOnlyAdmin
from jobs.models import Allowance, ApiKey, ShareLink


@admin.register(ApiKey)
class ApiKeyAdmin(ReadOnlyAdmin):
    """Made where their owners see them; here they are found and revoked."""

    list_display = (
        "name",
        "prefix",
        "owner",
        "scopes",
        "last_used_at",
        "expires_at",
        "revoked_at",
    )
    list_filter = (("revoked_at", admin.EmptyFieldListFilter),)
    list_select_related = ("owner",)
    search_fields = ("prefix__startswith", "owner__username__istartswith")
    ordering = ("-created_at",)
    exclude = ("digest",)
    actions = ("revoke",)

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return bool(request.user.is_superuser)

    def get_readonly_fields(
        self, request: HttpRequest, obj: object = None
    ) -> list[str]:
        return [f.name for f in ApiKey._meta.fields if f.name != "digest"]

    @admin.action(description="Revoke")
    def revoke(self, request: HttpRequest, keys: QuerySet[ApiKey]) -> None:
        count = keys.filter(revoked_at=None).update(revoked_at=timezone.now())
        self.message_user(request, f"{count} keys revoked.")


@admin.register(Allowance)
class AllowanceAdmin(FastAdmin):
    list_display = (
        "owner",
        "running_stages",
        "queued_jobs",
        "stored_bytes",
        "month_budget_usd",
    )
    list_select_related = ("owner",)
    search_fields = ("owner__username__istartswith",)
    raw_id_fields = ("owner",)


@admin.register(ShareLink)
class ShareLinkAdmin(ReadOnlyAdmin):
    list_display = ("job", "created_at", "expires_at", "revoked_at")
    list_select_related = ("job",)
    ordering = ("-created_at",)
    exclude = ("digest",)
    actions = ("close",)

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return bool(request.user.is_superuser)

    def get_readonly_fields(
        self, request: HttpRequest, obj: object = None
    ) -> list[str]:
        return [f.name for f in ShareLink._meta.fields if f.name != "digest"]

    @admin.action(description="Close")
    def close(self, request: HttpRequest, links: QuerySet[ShareLink]) -> None:
        count = links.filter(revoked_at=None).update(revoked_at=timezone.now())
        self.message_user(request, f"{count} links closed.")
