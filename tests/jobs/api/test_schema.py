import io
import warnings
from typing import Any

import httpx
import pytest
import schemathesis
from django.contrib.auth.models import User
from django.core.management import call_command
from hypothesis import HealthCheck, Phase, settings as hypothesis_settings
from openapi_spec_validator import validate
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.jobs.doors import key_for

SLOW_PATHS = ("/stream", "/events", "/ws")


@pytest.fixture(scope="session")
def document() -> dict[str, Any]:
    """The schema, made without a warning."""
    said = io.StringIO()
    target = io.StringIO()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        call_command(
            "spectacular", "--fail-on-warn", "--validate", "--format=openapi-json",
            stdout=target, stderr=said,
        )  # fmt: skip
    import json

    return dict(json.loads(target.getvalue()))


def test_the_schema_is_valid_openapi(document: dict[str, Any]) -> None:
    validate(document)

    assert document["openapi"].startswith("3.1")
    assert "/api/v1/jobs/{job_id}/cancel/" in document["paths"]
    assert "/api/v1/jobs/{job_id}/cancel" not in document["paths"]


def test_every_call_says_its_errors(document: dict[str, Any]) -> None:
    for path, calls in document["paths"].items():
        for method, call in calls.items():
            missing = {"401", "404", "429"} - set(call["responses"])
            assert not missing, f"{method} {path}: {missing}"


def test_documents_and_pages_are_served(server: str) -> None:
    assert httpx.get(f"{server}/api/schema/").status_code == 200
    assert "swagger" in httpx.get(f"{server}/docs").text.lower()
    assert "redoc" in httpx.get(f"{server}/redoc").text.lower()


def test_no_input_makes_the_server_fail(
    server: str, owner: User, document: dict[str, Any], settings: Any
) -> None:
    settings.RATE_LIMIT = "1000000/minute"
    headers = {"Authorization": f"Bearer {key_for(owner)}"}
    schema = schemathesis.openapi.from_dict(document)
    schema.config.update(base_url=server)
    for result in schema.get_all_operations():
        operation = result.ok()
        if operation.path.endswith(SLOW_PATHS):
            continue
        _try_out(operation, headers)


def _try_out(operation: Any, headers: dict[str, str]) -> None:
    @hypothesis_settings(
        max_examples=6,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @operation.as_strategy_test
    def check(case: Any) -> None:
        case.call_and_validate(headers=headers, checks=CHECKS)

    check()


CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
