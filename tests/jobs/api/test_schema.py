import io
import json
import warnings
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import schemathesis
from django.contrib.auth.models import User
from django.core.management import call_command
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as hypothesis_settings
from hypothesis.errors import Unsatisfiable
from openapi_spec_validator import validate
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from jobs import registry, services
from jobs.api.examples import ASSET_ID
from jobs.models import Asset, Project
from jobs.services import JobOrder
from tests.jobs.doors import client_for, key_for

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
# Of each call and mode; all of them together stay below a minute.
EXAMPLES = 4


@schemathesis.serializer("application/offset+octet-stream")
def piece_of_an_upload(context: schemathesis.SerializationContext, value: Any) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode()


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


# A key's secret must not be kept, a ping makes nothing; tus has a way of its own, and a
# direct upload is completed once however often it is asked for.
WITHOUT_KEY = {"create_key", "ping_webhook", "create_upload", "complete_direct_upload"}


def test_whatever_makes_something_can_be_sent_again_safely(
    document: dict[str, Any],
) -> None:
    makers = {
        call["operationId"]: {each["name"] for each in call.get("parameters", ())}
        for calls in document["paths"].values()
        for method, call in calls.items()
        if method == "post" and "201" in call["responses"]
    }

    without = {name for name, known in makers.items() if "Idempotency-Key" not in known}
    assert without == WITHOUT_KEY


def test_documents_and_pages_are_served(server: str) -> None:
    assert httpx.get(f"{server}/api/schema/").status_code == 200
    assert "swagger" in httpx.get(f"{server}/docs").text.lower()
    assert "redoc" in httpx.get(f"{server}/redoc").text.lower()


@pytest.mark.parametrize("mode", list(GenerationMode))
def test_no_input_makes_the_server_fail(
    server: str,
    owner: User,
    document: dict[str, Any],
    settings: Any,
    mode: GenerationMode,
) -> None:
    """Good and bad input to every call: no 5xx, and no answer that is not documented."""
    settings.RATE_LIMIT = "1000000/minute"
    headers = {"Authorization": f"Bearer {key_for(owner)}"}
    schema = schemathesis.openapi.from_dict(document)
    schema.config.update(base_url=server)
    faults = []
    for result in schema.get_all_operations():
        operation = result.ok()
        try:
            _try_out(operation, headers, mode)
        except Unsatisfiable:
            # A call without input cannot be given a bad one.
            continue
        except FailureGroup as error:
            faults.append(f"{operation.label}: {error}")
    assert not faults, "\n".join(faults)


def _try_out(
    operation: schemathesis.APIOperation, headers: dict[str, str], mode: GenerationMode
) -> None:
    @hypothesis_settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def check(case: schemathesis.Case) -> None:
        case.call_and_validate(headers=headers, checks=CHECKS, timeout=20)

    check()


def test_every_example_works(
    document: dict[str, Any], server: str, owner: User
) -> None:
    """As it stands, with an asset of the kind that the pipeline takes under its id."""
    project = Project.objects.create(owner=owner, slug="films", name="Films")
    file = Asset.objects.create(
        pk=ASSET_ID, project=project, kind="image", filename="a", size_bytes=10_000_000,
        width=1920, height=1080, duration=60, storage_key="uploads/a", sha256="a",
    )  # fmt: skip
    job = services.submit(owner, JobOrder(pipeline="tiny", project=project.slug))
    ids = {"job_id": job.pk, "slug": project.slug}
    in_order = sorted(_examples(document), key=lambda each: "projects" not in each[0])
    with client_for(server, owner) as api:
        tried = 0
        for path, method, body in in_order:
            if slug := body.get("pipeline"):
                kinds = registry.get(slug).inputs.kinds
                file.kind = min(kinds, key=["video", "image", "audio"].index)
                file.save(update_fields=["kind"])
            answer = api.request(method, path.format(**ids), json=body)
            # The job has not ended yet, and files lie on this disk: both are said plainly.
            refused = {"retry": "conflict", "direct": "storage_is_local"}
            name = path.strip("/").rpartition("/")[2]
            worked = answer.is_success or answer.json()["code"] == refused.get(name)
            assert worked, f"{method} {path} {body}: {answer.text}"
            tried += 1
    assert tried > 15


def _examples(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, calls in document["paths"].items():
        for method, call in calls.items():
            media = call.get("requestBody", {}).get("content", {})
            shown = media.get("application/json", {}).get("examples", {})
            for example in shown.values():
                yield path, method, example["value"]
