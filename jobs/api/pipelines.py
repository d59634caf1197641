"""Pipelines: what can be asked for, by which engines, and what it would take."""

from typing import Any

from django.conf import settings
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from jobs import registry, services
from jobs.api.auth import caller
from jobs.api.base import ApiView
from jobs.api.shapes import EstimateShape, PipelineShape, PipelinesShape
from jobs.engines import AUTO, engines_of
from jobs.models import Job
from jobs.registry import AnyPipeline
from jobs.services import JobOrder
from jobs.snapshots import Json


class EstimateOrder(serializers.Serializer[Job]):
    params = serializers.DictField(required=False, default=dict)
    inputs = serializers.ListField(
        child=serializers.CharField(max_length=64), required=False, default=list
    )
    engine = serializers.CharField(max_length=40, required=False, default=AUTO)


class PipelinesView(ApiView):
    tag = "pipelines"
    rate_scope = "pipelines"

    @extend_schema(operation_id="list_pipelines", responses=PipelinesShape)
    def get(self, request: Request) -> Response:
        """All pipelines of this server."""
        return Response(
            {"results": [pipeline_json(p) for p in registry.all_pipelines()]}
        )


class PipelineView(ApiView):
    tag = "pipelines"
    rate_scope = "pipelines"

    @extend_schema(operation_id="get_pipeline", responses=PipelineShape)
    def get(self, request: Request, slug: str) -> Response:
        """One pipeline, with the JSON Schema of its params."""
        return Response(pipeline_json(registry.get(slug)))


class EstimateView(ApiView):
    tag = "pipelines"
    rate_scope = "pipelines"
    write_scope = "read"

    @extend_schema(
        operation_id="estimate", request=EstimateOrder, responses=EstimateShape
    )
    def post(self, request: Request, slug: str) -> Response:
        """What a job would probably take, without submitting it."""
        registry.get(slug)
        order = EstimateOrder(data=request.data)
        order.is_valid(raise_exception=True)
        found = services.estimate(
            caller(request), JobOrder(pipeline=slug, **order.validated_data)
        )
        return Response(
            {"seconds": round(found.seconds, 1), "cost_usd": float(found.cost_usd)}
        )


def pipeline_json(pipeline: AnyPipeline) -> Json:
    rule = pipeline.inputs
    base = f"/{settings.API_V1_PREFIX}/pipelines/{pipeline.slug}"
    return {
        "slug": pipeline.slug,
        "title": pipeline.title,
        "description": pipeline.description,
        "inputs": {
            "kinds": sorted(rule.kinds),
            "at_least": rule.at_least,
            "at_most": rule.at_most,
        },
        "params": pipeline.params.model_json_schema(),
        "engines": [
            {
                "name": engine.name,
                "configured": engine.configured,
                "needs": engine.needs,
                "steps": list(engine.steps),
            }
            for engine in engines_of(pipeline)
        ],
        "steps": [_step_json(step) for step in pipeline.steps],
        "urls": {"self": f"{base}/", "estimate": f"{base}/estimate/"},
    }


def _step_json(step: registry.AnyStep) -> dict[str, Any]:
    return {
        "name": step.name,
        "title": step.label,
        "queue": step.queue,
        "engines": list(step.engines),
        "review": step.after_review,
    }
