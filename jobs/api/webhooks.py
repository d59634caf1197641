"""Webhooks: who is told, what was told, and telling again."""

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from jobs.access import NOBODY, as_uuid, ensure_project, find_project
from jobs.api.auth import caller
from jobs.api.base import ApiView, no_content
from jobs.api.idempotency import idempotent
from jobs.api.paging import paginate
from jobs.api.schema import CURSOR, LIMIT
from jobs.api.shapes import (
    DeliveryPage,
    DeliveryShape,
    NewWebhookShape,
    WebhookPage,
    WebhookShape,
)
from jobs.errors import NotFoundError
from jobs.live import deliveries, signing, webhooks
from jobs.live.webhooks import EVENTS
from jobs.models import WebhookDelivery, WebhookEndpoint
from jobs.snapshots import Json, iso


class WebhookOrder(serializers.Serializer[WebhookEndpoint]):
    url = serializers.URLField(max_length=2000)
    project = serializers.CharField(
        max_length=80,
        required=False,
        allow_blank=True,
        help_text="Without one it hears of all your jobs.",
    )
    events = serializers.ListField(
        child=serializers.ChoiceField(choices=EVENTS),
        required=False,
        max_length=len(EVENTS),
        help_text="Without any: the ends of jobs.",
    )
    active = serializers.BooleanField(required=False)

    def validate_url(self, url: str) -> str:
        return webhooks.check_address(url)


class WebhooksView(ApiView):
    tag = "webhooks"
    rate_scope = "webhooks"

    @extend_schema(
        operation_id="list_webhooks", parameters=[CURSOR, LIMIT], responses=WebhookPage
    )
    def get(self, request: Request) -> Response:
        """Your webhooks."""
        rows = WebhookEndpoint.objects.filter(owner=caller(request))
        return paginate(request, rows.select_related("project"), webhook_json)

    @extend_schema(
        operation_id="create_webhook",
        request=WebhookOrder,
        responses={201: NewWebhookShape},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Be told of jobs at an address of yours; the secret is shown this once."""
        order = WebhookOrder(data=request.data)
        order.is_valid(raise_exception=True)
        told = order.validated_data
        name = told.get("project", "")
        endpoint = webhooks.add_endpoint(
            caller(request),
            told["url"],
            project=ensure_project(caller(request), name) if name else None,
            events=told.get("events", []),
            active=told.get("active", True),
        )
        return Response(
            {**webhook_json(endpoint), "secret": endpoint.secret}, status=201
        )


class WebhookView(ApiView):
    tag = "webhooks"
    rate_scope = "webhooks"

    @extend_schema(operation_id="get_webhook", responses=WebhookShape)
    def get(self, request: Request, webhook_id: str) -> Response:
        """One webhook."""
        return Response(webhook_json(_find(request, webhook_id)))

    @extend_schema(
        operation_id="change_webhook",
        request=WebhookOrder(partial=True),
        responses=WebhookShape,
    )
    def patch(self, request: Request, webhook_id: str) -> Response:
        """Change where it goes, what it hears of, or whether it is active."""
        endpoint = _find(request, webhook_id)
        changes = WebhookOrder(data=request.data, partial=True)
        changes.is_valid(raise_exception=True)
        told = changes.validated_data
        for name in ("url", "events", "active"):
            if name in told:
                setattr(endpoint, name, told[name])
        if "project" in told:
            named = told["project"]
            endpoint.project = find_project(caller(request), named) if named else None
        endpoint.save(update_fields=["url", "events", "active", "project"])
        return Response(webhook_json(endpoint))

    @extend_schema(operation_id="delete_webhook", responses={204: None})
    def delete(self, request: Request, webhook_id: str) -> Response:
        """Remove a webhook with the record of its deliveries."""
        _find(request, webhook_id).delete()
        return no_content()


class RotateView(ApiView):
    tag = "webhooks"
    rate_scope = "webhooks"

    @extend_schema(
        operation_id="rotate_webhook_secret", request=None, responses=NewWebhookShape
    )
    def post(self, request: Request, webhook_id: str) -> Response:
        """A new secret, shown this once; the old one signs beside it for a day."""
        endpoint = _find(request, webhook_id)
        secret = signing.rotate(endpoint)
        return Response({**webhook_json(endpoint), "secret": secret})


class PingView(ApiView):
    tag = "webhooks"
    rate_scope = "webhooks"

    @extend_schema(
        operation_id="ping_webhook", request=None, responses={201: DeliveryShape}
    )
    def post(self, request: Request, webhook_id: str) -> Response:
        """Send a first word, to see whether it arrives."""
        endpoint = _find(request, webhook_id)
        return Response(delivery_json(webhooks.ping(endpoint)), status=201)


class DeliveriesView(ApiView):
    tag = "webhooks"
    rate_scope = "webhooks"

    @extend_schema(
        operation_id="list_deliveries",
        parameters=[CURSOR, LIMIT],
        responses=DeliveryPage,
    )
    def get(self, request: Request, webhook_id: str) -> Response:
        """Everything that was or will be told to this webhook, and its answers."""
        rows = WebhookDelivery.objects.filter(endpoint=_find(request, webhook_id))
        return paginate(request, rows, delivery_json)


class OwnDeliveriesView(ApiView):
    tag = "webhooks"
    rate_scope = "webhooks"

    @extend_schema(
        operation_id="list_all_deliveries",
        parameters=[CURSOR, LIMIT],
        responses=DeliveryPage,
    )
    def get(self, request: Request) -> Response:
        """All deliveries, those to jobs' own `webhook_url` and letters included."""
        rows = WebhookDelivery.objects.filter(owner=caller(request))
        return paginate(request, rows, delivery_json)


class RedeliverView(ApiView):
    tag = "webhooks"
    rate_scope = "webhooks"

    @extend_schema(operation_id="redeliver", request=None, responses=DeliveryShape)
    def post(self, request: Request, delivery_id: str) -> Response:
        """Tell it again, with the same id."""
        rows = WebhookDelivery.objects.filter(owner=caller(request))
        delivery = rows.filter(pk=as_uuid(delivery_id) or NOBODY).first()
        if delivery is None:
            raise NotFoundError(f"There is no delivery {delivery_id}.")
        deliveries.redeliver(delivery)
        delivery.refresh_from_db()
        return Response(delivery_json(delivery))


def webhook_json(endpoint: WebhookEndpoint) -> Json:
    return {
        "id": str(endpoint.pk),
        "url": endpoint.url,
        "project": endpoint.project.slug if endpoint.project else None,
        "events": endpoint.events,
        "active": endpoint.active,
        "created_at": iso(endpoint.created_at),
    }


def delivery_json(delivery: WebhookDelivery) -> Json:
    return {
        "id": str(delivery.pk),
        "event": delivery.event,
        "url": delivery.url,
        "job": delivery.job_id and str(delivery.job_id),
        "status": delivery.status,
        "attempts": delivery.attempts,
        "next_at": iso(delivery.next_at),
        "answer_status": delivery.answer_status,
        "answer": delivery.answer,
        "payload": delivery.payload,
        "created_at": iso(delivery.created_at),
        "delivered_at": iso(delivery.delivered_at),
    }


def _find(request: Request, webhook_id: str) -> WebhookEndpoint:
    rows = WebhookEndpoint.objects.filter(owner=caller(request))
    row = (
        rows.select_related("project").filter(pk=as_uuid(webhook_id) or NOBODY).first()
    )
    if row is None:
        raise NotFoundError(f"There is no webhook {webhook_id}.")
    return row
