"""API keys, made and revoked over the API itself."""

from datetime import datetime

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from jobs import keys
from jobs.access import NOBODY, as_uuid
from jobs.api.auth import Scope, caller
from jobs.api.base import ApiView, no_content
from jobs.api.paging import paginate
from jobs.api.schema import CURSOR, LIMIT
from jobs.api.shapes import KeyPage, KeyShape, NewKeyShape
from jobs.errors import NotFoundError
from jobs.models import ApiKey
from jobs.snapshots import Json, iso


class NewKey(serializers.Serializer[ApiKey]):
    name = serializers.CharField(max_length=100)
    scopes = serializers.ListField(
        child=serializers.ChoiceField(choices=Scope.choices),
        required=False,
        default=lambda: [Scope.READ.value, Scope.WRITE.value],
        min_length=1,
        max_length=3,
    )
    expires_at = serializers.DateTimeField(required=False, allow_null=True)

    def validate_expires_at(self, moment: datetime | None) -> datetime | None:
        if moment is not None and not timezone.now() < moment < _far_away():
            raise serializers.ValidationError("Choose a moment in the future.")
        return moment


class KeysView(ApiView):
    tag = "keys"
    rate_scope = "keys"
    write_scope = Scope.ADMIN.value

    @extend_schema(
        operation_id="list_keys", parameters=[CURSOR, LIMIT], responses=KeyPage
    )
    def get(self, request: Request) -> Response:
        """Your keys; their secrets are not kept and cannot be shown."""
        return paginate(request, ApiKey.objects.filter(owner=caller(request)), key_json)

    @extend_schema(
        operation_id="create_key", request=NewKey, responses={201: NewKeyShape}
    )
    def post(self, request: Request) -> Response:
        """Make a key; it is shown this once. Needs the scope “admin”."""
        order = NewKey(data=request.data)
        order.is_valid(raise_exception=True)
        told = order.validated_data
        row, secret = keys.create_key(
            caller(request),
            told["name"],
            list(dict.fromkeys(told["scopes"])),
            told.get("expires_at"),
        )
        return Response({**key_json(row), "key": secret}, status=201)


class KeyView(ApiView):
    tag = "keys"
    rate_scope = "keys"
    write_scope = Scope.ADMIN.value

    @extend_schema(operation_id="get_key", responses=KeyShape)
    def get(self, request: Request, key_id: str) -> Response:
        """One key."""
        return Response(key_json(_find(request, key_id)))

    @extend_schema(operation_id="revoke_key", responses={204: None})
    def delete(self, request: Request, key_id: str) -> Response:
        """Revoke a key; it stops working at once. Needs the scope “admin”."""
        keys.revoke_key(_find(request, key_id))
        return no_content()


def key_json(row: ApiKey) -> Json:
    return {
        "id": str(row.pk),
        "name": row.name,
        "prefix": row.prefix,
        "scopes": row.scopes,
        "expires_at": iso(row.expires_at),
        "last_used_at": iso(row.last_used_at),
        "revoked_at": iso(row.revoked_at),
        "created_at": iso(row.created_at),
    }


def _find(request: Request, key_id: str) -> ApiKey:
    rows = ApiKey.objects.filter(owner=caller(request))
    row = rows.filter(pk=as_uuid(key_id) or NOBODY).first()
    if row is None:
        raise NotFoundError(f"There is no key {key_id}.")
    return row


def _far_away() -> datetime:
    return timezone.now().replace(year=9000, month=1, day=1)
