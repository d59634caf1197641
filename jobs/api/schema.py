"""How the OpenAPI document is made: errors of every call, one path an endpoint."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter

from jobs.api.examples import examples_of
from jobs.api.idempotency import HEADER
from jobs.api.shapes import Error

# Any call may end in these; more are said by the views themselves.
ALWAYS = (400, 401, 403, 404, 429)
WITH_BODY = (409, 413, 415)

CURSOR = OpenApiParameter(
    "cursor", str, description="As `next` and `previous` have it."
)
LIMIT = OpenApiParameter(
    "limit", {"type": "integer", "minimum": 1, "maximum": 200, "default": 50}
)
OWNER = OpenApiParameter(
    "owner", str, description="Staff: the user name of the project's owner."
)
IDEMPOTENCY = OpenApiParameter(
    HEADER,
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    description="Repeats of a call with the same key get its first answer.",
)


class KeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # its metaclass is untyped
    """How the schema describes keys."""

    target_class = "jobs.api.auth.KeyAuthentication"
    name = "apiKey"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {
            "type": "http",
            "scheme": "bearer",
            "description": "A key made with `manage.py apikey` or `POST /keys/`.",
        }


class HouseSchema(AutoSchema):
    """Adds to every call the errors that it can end in, and the header that makes repeats safe."""

    def get_operation(self, *args: Any, **kwargs: Any) -> dict[str, Any] | None:
        operation: dict[str, Any] | None = super().get_operation(*args, **kwargs)
        if operation is None:
            return None
        codes = ALWAYS if self.method == "GET" else (*ALWAYS, *WITH_BODY)
        reference = self.resolve_serializer(Error, "response").ref
        for code in codes:
            answer = {
                "description": HTTPStatus(code).phrase,
                "content": {"application/json": {"schema": reference}},
            }
            operation["responses"].setdefault(str(code), answer)
        return operation

    def get_override_parameters(self) -> list[Any]:
        view = getattr(self.view, self.method.lower(), None)
        return [IDEMPOTENCY] if getattr(view, "takes_idempotency_key", False) else []

    def _get_serializer_name(
        self, serializer: Any, direction: Any, bypass_extensions: bool = False
    ) -> str:
        """Two apps may give their shapes one name: theirs begin with the app's."""
        name = super()._get_serializer_name(serializer, direction, bypass_extensions)
        room = type(serializer).__module__.partition(".")[0]
        return name if room == "jobs" else f"{room.capitalize()}{name}"

    def get_examples(self) -> list[OpenApiExample]:
        return examples_of(self.get_operation_id())

    def get_tags(self) -> list[str]:
        tag = getattr(self.view, "tag", None)
        return [tag] if tag else super().get_tags()


def one_path_each(
    endpoints: Sequence[tuple[str, str, str, Any]], **kwargs: Any
) -> list[tuple[str, str, str, Any]]:
    """Of addresses that work with and without a slash, document one."""
    known = {(path, method) for path, _, method, _ in endpoints}

    def is_double(path: str, method: str, callback: Any) -> bool:
        bare = getattr(callback.cls, "documented_without_slash", False)
        other = path.rstrip("/") if path.endswith("/") else f"{path}/"
        return (other, method) in known and path.endswith("/") == bare

    return [each for each in endpoints if not is_double(each[0], each[2], each[3])]
