"""Assets and uploads under way: shown as what they are."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from jobs import services
from jobs.admin import shown
from jobs.admin.lists import FastAdmin, ReadOnlyAdmin
from jobs.models import Asset, Upload
from jobs.templatetags import studio


@admin.register(Asset)
class AssetAdmin(FastAdmin):
    list_display = (
        "picture",
        "original_filename",
        "kind",
        "role",
        "size",
        "project",
        "age",
    )
    list_display_links = ("original_filename",)
    list_filter = ("kind", "published", "status")
    list_select_related = ("project",)
    search_fields = ("project__slug__istartswith", "role__istartswith")
    ordering = ("-created_at", "-id")
    raw_id_fields = ("project", "job")
    readonly_fields = (
        "preview",
        *(f.name for f in Asset._meta.fields if f.name != "id"),
    )

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    @admin.display(description="")
    def picture(self, asset: Asset) -> SafeString:
        return shown.picture(asset)

    @admin.display(description="Preview")
    def preview(self, asset: Asset) -> SafeString:
        return SafeString(
            render_to_string("admin/jobs/_preview.html", {"asset": asset})
        )

    @admin.display(description="Size", ordering="size_bytes")
    def size(self, asset: Asset) -> str:
        return studio.size(asset.size_bytes)

    @admin.display(description="Made", ordering="created_at")
    def age(self, asset: Asset) -> SafeString | str:
        return studio.ago(asset.created_at)

    def delete_model(self, request: HttpRequest, obj: Asset) -> None:
        services.delete_asset(obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Asset]) -> None:
        for asset in queryset:
            services.delete_asset(asset)


@admin.register(Upload)
class UploadAdmin(ReadOnlyAdmin):
    list_display = (
        "filename",
        "owner",
        "project",
        "offset",
        "size_bytes",
        "expires_at",
    )
    list_select_related = ("owner", "project")
    ordering = ("-created_at",)
