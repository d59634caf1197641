"""Who is told of ends, and every telling."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from jobs.admin.lists import FastAdmin, ReadOnlyAdmin
from jobs.models import WebhookDelivery, WebhookEndpoint


@admin.register(WebhookEndpoint)
class WebhookEndpointAdmin(FastAdmin):
    list_display = ("url", "owner", "project", "events", "active", "created_at")
    list_filter = ("active",)
    list_select_related = ("owner", "project")
    search_fields = ("url__istartswith", "owner__username__istartswith")
    ordering = ("-created_at",)
    raw_id_fields = ("owner", "project")
    # Secrets sign; nobody needs to read them here.
    exclude = ("secret", "old_secret", "old_secret_until")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False


@admin.register(WebhookDelivery)
class WebhookDeliveryAdmin(ReadOnlyAdmin):
    list_display = (
        "event",
        "url",
        "status",
        "attempts",
        "answer_status",
        "next_at",
        "created_at",
    )
    list_filter = ("status",)
    ordering = ("-created_at", "-id")
    actions = ("send_again",)

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return bool(request.user.is_staff)

    def get_readonly_fields(
        self, request: HttpRequest, obj: object = None
    ) -> list[str]:
        return [f.name for f in WebhookDelivery._meta.fields]

    @admin.action(description="Send again")
    def send_again(self, request: HttpRequest, rows: QuerySet[WebhookDelivery]) -> None:
        due = WebhookDelivery.Status.DUE
        count = rows.update(status=due, next_at=timezone.now())
        self.message_user(request, f"{count} deliveries are sent again.")
