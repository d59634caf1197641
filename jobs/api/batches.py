"""Batches: jobs that were submitted together and are followed together."""

from django.http import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from jobs import services
from jobs.access import NOBODY, as_uuid, batches_of
from jobs.api.auth import caller
from jobs.api.base import ApiView
from jobs.api.idempotency import idempotent
from jobs.api.jobs import zip_response
from jobs.api.orders import BatchOrderSerializer, batch_orders
from jobs.api.paging import paginate
from jobs.api.schema import CURSOR, LIMIT
from jobs.api.shapes import BatchPage, BatchShape
from jobs.errors import ConflictError, NotFoundError
from jobs.models import Asset, Batch, Job
from jobs.snapshots import batch_json


class BatchesView(ApiView):
    tag = "batches"
    rate_scope = "batches"

    @extend_schema(
        operation_id="list_batches", parameters=[CURSOR, LIMIT], responses=BatchPage
    )
    def get(self, request: Request) -> Response:
        """Your batches, newest first."""
        return paginate(request, batches_of(caller(request)), batch_json)

    @extend_schema(
        operation_id="submit_batch",
        request=BatchOrderSerializer,
        responses={201: BatchShape},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Submit many jobs: all of them, or none."""
        name, orders = batch_orders(request.data)
        batch = services.submit_batch(caller(request), orders, name=name)
        return Response(batch_json(batch), status=201)


class BatchView(ApiView):
    tag = "batches"
    rate_scope = "batches"

    @extend_schema(operation_id="get_batch", responses=BatchShape)
    def get(self, request: Request, batch_id: str) -> Response:
        """A batch with its jobs."""
        return Response(batch_json(_find(request, batch_id)))


class CancelBatchView(ApiView):
    tag = "batches"
    rate_scope = "batches"

    @extend_schema(operation_id="cancel_batch", request=None, responses=BatchShape)
    def post(self, request: Request, batch_id: str) -> Response:
        """Stop every job of the batch that has not ended."""
        batch = _find(request, batch_id)
        for job in Job.objects.filter(batch=batch).exclude(status__in=Job.ENDED):
            try:
                services.cancel(job)
            except ConflictError:
                # It ended in this very moment.
                continue
        return Response(batch_json(batch))


class BatchArchiveView(ApiView):
    tag = "batches"
    rate_scope = "files"
    rate_exempt = True

    @extend_schema(
        operation_id="get_batch_archive",
        responses={(200, "application/zip"): OpenApiTypes.BINARY},
    )
    def get(self, request: Request, batch_id: str) -> HttpResponseBase:
        """What all jobs of the batch have published, as one ZIP."""
        batch = _find(request, batch_id)
        files = Asset.objects.filter(job__batch=batch, published=True)
        return zip_response(list(files.order_by("created_at", "id")), f"{batch.pk}.zip")


def _find(request: Request, batch_id: str) -> Batch:
    batch = batches_of(caller(request)).filter(pk=as_uuid(batch_id) or NOBODY).first()
    if batch is None:
        raise NotFoundError(f"There is no batch {batch_id}.")
    return batch
