"""What happens to many jobs: those of a project, and to staff those of everybody."""

from uuid import UUID

from django.http import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from jobs.access import find_project
from jobs.api.auth import caller
from jobs.api.base import ApiView, wants_events
from jobs.api.schema import OWNER
from jobs.api.shapes import OpenJobsShape
from jobs.errors import NotFoundError
from jobs.live import reading
from jobs.live.streams import crowd_frames, moment, sse_response, watch_project

SINCE = OpenApiParameter(
    "since", str, description="When you last heard: ends since then are told, too."
)
ANSWERS = {
    (200, "application/json"): OpenJobsShape,
    (200, "text/event-stream"): OpenApiTypes.STR,
}


class ProjectEventsView(ApiView):
    tag = "projects"
    rate_scope = "events"

    @extend_schema(
        operation_id="follow_project", parameters=[OWNER, SINCE], responses=ANSWERS
    )
    def get(self, request: Request, slug: str) -> HttpResponseBase:
        """The project's jobs under way; with `Accept: text/event-stream`, live from then on."""
        owner = request.query_params.get("owner")
        return _followed(request, find_project(caller(request), slug, owner=owner).pk)


class EverybodysEventsView(ApiView):
    tag = "jobs"
    rate_scope = "events"

    @extend_schema(operation_id="follow_all", parameters=[SINCE], responses=ANSWERS)
    def get(self, request: Request) -> HttpResponseBase:
        """For staff: all jobs under way; with `Accept: text/event-stream`, live from then on."""
        if not caller(request).is_staff:
            raise NotFoundError("Only staff follow everybody's jobs.")
        return _followed(request, None)


def _followed(request: Request, project_id: UUID | None) -> HttpResponseBase:
    if wants_events(request):
        told = request.headers.get("Last-Event-ID") or request.query_params.get("since")
        return sse_response(crowd_frames(watch_project(project_id, moment(told or ""))))
    open_jobs = reading.open_jobs(project_id)
    found = reading.read_jobs(dict.fromkeys(open_jobs, 0))
    return Response({"results": [found[key].job for key in open_jobs if key in found]})
