"""Ads over REST: ordered, looked at, their scripts edited and approved."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from ads.editing import edited
from ads.params import AdParams
from ads.records import ad_json, script_facts
from ads.styles import Aspect, StyleName
from jobs import services
from jobs.access import ensure_project, find_job, jobs_of
from jobs.api.auth import caller
from jobs.api.base import ApiView, FormApiView, release_connection
from jobs.api.idempotency import idempotent
from jobs.api.paging import paginate
from jobs.errors import ConflictError, NotFoundError, RequestError
from jobs.files.assets import receive
from jobs.files.forms import ReceivedFile
from jobs.models import Job
from jobs.services import JobOrder
from jobs.snapshots import with_snapshot_rows

_MOST_VARIANTS = 8
_PARAMS = frozenset(AdParams.model_fields)
_HOME = "ads"


class AspectsField(serializers.ListField):
    """One shape, several, or several parted by commas."""

    def to_internal_value(self, data: Any) -> list[str]:
        if isinstance(data, str):
            data = [part.strip() for part in data.split(",") if part.strip()]
        if isinstance(data, list) and len(data) == 1 and "," in str(data[0]):
            data = str(data[0]).split(",")
        return list(super().to_internal_value(data))


class AdOrder(serializers.Serializer[Job]):
    """What an ad is ordered with."""

    product_name = serializers.CharField(max_length=500)
    style = serializers.ChoiceField(  # type: ignore[assignment]  # also a word of DRF's
        choices=[s.value for s in StyleName], required=False
    )
    cta_text = serializers.CharField(max_length=80, required=False, allow_blank=True)
    features = serializers.ListField(
        child=serializers.CharField(max_length=120), required=False, max_length=8
    )
    aspect = AspectsField(
        child=serializers.ChoiceField(choices=[a.value for a in Aspect]), required=False
    )
    duration = serializers.ChoiceField(choices=[6, 15, 30, 60], required=False)
    seed = serializers.IntegerField(min_value=0, max_value=2**31 - 1, required=False)
    variants = serializers.IntegerField(
        min_value=1, max_value=_MOST_VARIANTS, required=False, default=1
    )
    captions = serializers.BooleanField(required=False, allow_null=True, default=None)
    webm = serializers.BooleanField(required=False, allow_null=True, default=None)
    webm_size = serializers.ChoiceField(choices=[720, 1080], required=False)
    logo = serializers.CharField(max_length=64, required=False)
    script_engine = serializers.CharField(max_length=40, required=False)
    voice_engine = serializers.CharField(max_length=40, required=False)
    video_engine = serializers.CharField(max_length=40, required=False)
    review = serializers.BooleanField(required=False, default=False)
    engine = serializers.CharField(max_length=40, required=False, default="auto")
    project = serializers.CharField(max_length=80, required=False, allow_blank=True)
    cache = serializers.BooleanField(required=False, default=True)
    budget_usd = serializers.DecimalField(
        max_digits=10, decimal_places=4, min_value=0, required=False
    )
    webhook_url = serializers.URLField(
        max_length=2000, required=False, allow_blank=True
    )


class ScriptChanges(serializers.Serializer[Job]):
    """The fields of a script that are to change."""

    hook = serializers.CharField(max_length=120, required=False)
    cta = serializers.CharField(max_length=120, required=False)
    scenes = serializers.ListField(child=serializers.DictField(), required=False)


class AdsView(FormApiView):
    tag = "ads"
    rate_scope = "ads"

    @extend_schema(operation_id="list_ads", responses={200: dict})
    def get(self, request: Request) -> Response:
        """Your ads, newest first."""
        rows = jobs_of(caller(request)).filter(pipeline="ad")
        return paginate(request, rows, ad_json, load=with_snapshot_rows)

    @extend_schema(operation_id="create_ad", request=AdOrder, responses={201: dict})
    @idempotent
    def post(self, request: Request) -> Response:
        """Order an ad, or several variants of one to choose from."""
        order = AdOrder(data=_fields(request))
        order.is_valid(raise_exception=True)
        told = order.validated_data
        job_order = _job_order(told, _picture(request, told))
        user = caller(request)
        if told["variants"] == 1:
            job = services.submit(user, job_order)
            return Response(_shown(job.pk), status=201)
        orders = [
            replace(job_order, params={**job_order.params, "seed": seed})
            for seed in _seeds(job_order, told["variants"])
        ]
        batch = services.submit_batch(user, orders, name=told["product_name"][:200])
        jobs = with_snapshot_rows(batch.jobs.order_by("created_at", "id"))
        ads = [ad_json(job) for job in jobs]
        return Response({"batch": str(batch.pk), "ads": ads}, status=201)


class AdView(ApiView):
    tag = "ads"
    rate_scope = "ads"

    @extend_schema(operation_id="get_ad", responses={200: dict})
    def get(self, request: Request, ad_id: str) -> Response:
        """One ad with its script, its stages and its videos."""
        return Response(_shown(_find(request, ad_id).pk))


class ScriptView(ApiView):
    tag = "ads"
    rate_scope = "ads"

    @extend_schema(
        operation_id="change_ad_script", request=ScriptChanges, responses={200: dict}
    )
    def patch(self, request: Request, ad_id: str) -> Response:
        """Change the script of an ad that waits for approval; scenes go by their index."""
        job = _find(request, ad_id)
        facts = script_facts(job)
        if facts is None:
            raise ConflictError("The script is not written yet. Try again in a moment.")
        if not isinstance(request.data, Mapping):
            raise RequestError("Send the fields of the script that are to change.")
        services.amend(job, "script_gen", edited(job, facts, request.data))
        return Response(_shown(job.pk))


class ApproveView(ApiView):
    tag = "ads"
    rate_scope = "ads"

    @extend_schema(operation_id="approve_ad", request=None, responses={200: dict})
    def post(self, request: Request, ad_id: str) -> Response:
        """Go on with the script as it is."""
        return Response(_shown(services.approve(_find(request, ad_id)).pk))


def _fields(request: Request) -> dict[str, Any]:
    """The request's fields; a form's lists are gathered, its file is left for later."""
    data = request.data
    if not isinstance(data, Mapping):
        raise RequestError("Send the fields of an ad.")
    fields = {name: data[name] for name in data if name != "product_image"}
    if hasattr(data, "getlist"):
        for name in ("features", "aspect"):
            if name in data:
                fields[name] = data.getlist(name)
    elif isinstance(fields.get("features"), str):
        fields["features"] = [f for f in fields["features"].splitlines() if f.strip()]
    unknown = set(fields) - set(AdOrder().fields)
    if unknown:
        raise RequestError(
            f"An ad has no “{min(unknown)}”.",
            errors={name: ["Unknown field."] for name in sorted(unknown)},
        )
    return fields


def _picture(request: Request, told: Mapping[str, Any]) -> list[str]:
    """The product's picture: a file in a form, or the id of an asset."""
    file = request.FILES.get("product_image")
    if isinstance(file, ReceivedFile):
        release_connection()
        project = ensure_project(caller(request), told.get("project") or _HOME)
        asset = receive(project, file.incoming, filename=file.name or "product")
        return [str(asset.pk)]
    data = request.data
    named = data.get("product_image") if isinstance(data, Mapping) else None
    return [str(named)] if named else []


def _job_order(told: Mapping[str, Any], inputs: list[str]) -> JobOrder:
    params = {k: v for k, v in told.items() if k in _PARAMS and v is not None}
    options = {
        name: told[name]
        for name in ("engine", "review", "cache", "budget_usd", "webhook_url")
        if name in told
    }
    project = told.get("project") or ""
    return JobOrder(
        pipeline="ad", params=params, inputs=inputs, project=project, **options
    )


def _seeds(order: JobOrder, count: int) -> list[int]:
    first = int(order.params.get("seed", 1))
    return [(first + place) % 2**31 for place in range(count)]


def _find(request: Request, ad_id: str) -> Job:
    job = find_job(caller(request), ad_id)
    if job.pipeline != "ad":
        raise NotFoundError(f"There is no ad {ad_id}.")
    return job


def _shown(job_id: Any) -> dict[str, Any]:
    return ad_json(with_snapshot_rows(Job.objects.all()).get(pk=job_id))
