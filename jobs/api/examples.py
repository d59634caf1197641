"""Bodies that the API's document shows for its calls: sent as they are, they work."""

from collections.abc import Callable, Mapping
from typing import Any

from drf_spectacular.utils import OpenApiExample

from jobs import registry
from jobs.registry import AnyPipeline

# Stands for a file that was uploaded before; the only thing to be replaced.
ASSET_ID = "5f3e1c1e-6f0c-4d8f-9a53-1f0f7a2f8f11"
Body = dict[str, Any]  # JSON

_FIXED: Mapping[str, Mapping[str, Body]] = {
    "create_project": {"A project": {"slug": "shop", "name": "The shop"}},
    "change_project": {"A new name": {"name": "The shop around the corner"}},
    "create_key": {"For a script": {"name": "laptop", "scopes": ["read", "write"]}},
    "create_webhook": {
        "Ends of jobs": {
            "url": "https://example.com/hear",
            "events": ["job.succeeded", "job.failed"],
        }
    },
    "create_direct_upload": {
        "A film": {"filename": "film.mp4", "size_bytes": 734_003_200, "project": "shop"}
    },
    "change_job": {"Sooner": {"priority": "high"}},
    "retry_job": {"From where it failed": {}},
}


def examples_of(operation_id: str) -> list[OpenApiExample]:
    """The bodies to show for one call."""
    made = _MADE.get(operation_id)
    bodies = (
        {each.title: made(each) for each in _shown()}
        if made
        else _FIXED.get(operation_id, {})
    )
    return [
        OpenApiExample(title, value=body, request_only=True)
        for title, body in bodies.items()
    ]


def _shown() -> list[AnyPipeline]:
    """Pipelines with a sample: what is good for it is good for an example."""
    return [each for each in registry.all_pipelines() if each.sample]


def _job(pipeline: AnyPipeline) -> Body:
    return {
        "pipeline": pipeline.slug,
        "project": "shop",
        "params": dict(pipeline.sample_params),
        "inputs": [ASSET_ID],
    }


_MADE: Mapping[str, Callable[[AnyPipeline], Body]] = {
    "submit_job": _job,
    "submit_batch": _job,
}
