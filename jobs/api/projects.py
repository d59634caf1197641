"""Projects: the folders that assets and jobs lie in."""

from django.db import IntegrityError, transaction
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from jobs import services
from jobs.access import find_project, projects_of
from jobs.api.auth import caller
from jobs.api.base import ApiView, no_content
from jobs.api.idempotency import idempotent
from jobs.api.paging import paginate
from jobs.api.schema import CURSOR, LIMIT, OWNER
from jobs.api.shapes import ProjectPage, ProjectShape
from jobs.errors import ConflictError
from jobs.models import Project
from jobs.snapshots import Json, iso, project_urls


class NewProject(serializers.Serializer[Project]):
    slug = serializers.SlugField(max_length=80)
    name = serializers.CharField(max_length=200, required=False)


class ProjectChanges(serializers.Serializer[Project]):
    name = serializers.CharField(max_length=200)


def project_json(project: Project) -> Json:
    return {
        "id": str(project.pk),
        "slug": project.slug,
        "name": project.name,
        "owner": project.owner.username,
        "created_at": iso(project.created_at),
        "updated_at": iso(project.updated_at),
        "urls": project_urls(project),
    }


class ProjectsView(ApiView):
    tag = "projects"
    rate_scope = "projects"

    @extend_schema(
        operation_id="list_projects",
        parameters=[CURSOR, LIMIT, OWNER],
        responses=ProjectPage,
    )
    def get(self, request: Request) -> Response:
        """Your projects, newest first."""
        rows = projects_of(caller(request)).select_related("owner")
        if owner := request.query_params.get("owner"):
            rows = rows.filter(owner__username=owner)
        return paginate(request, rows, project_json)

    @extend_schema(
        operation_id="create_project",
        request=NewProject,
        responses={201: ProjectShape},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Make a project. One that an upload or a job names is made by itself."""
        order = NewProject(data=request.data)
        order.is_valid(raise_exception=True)
        slug = order.validated_data["slug"]
        name = order.validated_data.get("name") or slug
        try:
            with transaction.atomic():
                project = Project.objects.create(
                    owner=caller(request), slug=slug, name=name
                )
        except IntegrityError as error:
            raise ConflictError(
                f"You have a project “{slug}” already.",
                errors={"slug": ["This slug is taken."]},
            ) from error
        return Response(project_json(project), status=201)


class ProjectView(ApiView):
    tag = "projects"
    rate_scope = "projects"

    @extend_schema(
        operation_id="get_project", parameters=[OWNER], responses=ProjectShape
    )
    def get(self, request: Request, slug: str) -> Response:
        """One project, by its slug or its id."""
        return Response(project_json(_find(request, slug)))

    @extend_schema(
        operation_id="change_project",
        parameters=[OWNER],
        request=ProjectChanges,
        responses=ProjectShape,
    )
    def patch(self, request: Request, slug: str) -> Response:
        """Rename a project; its slug stays."""
        project = _find(request, slug)
        changes = ProjectChanges(data=request.data)
        changes.is_valid(raise_exception=True)
        project.name = changes.validated_data["name"]
        project.save(update_fields=["name", "updated_at"])
        return Response(project_json(project))

    @extend_schema(
        operation_id="delete_project", parameters=[OWNER], responses={204: None}
    )
    def delete(self, request: Request, slug: str) -> Response:
        """Remove a project with all its jobs and files."""
        services.delete_project(_find(request, slug))
        return no_content()


def _find(request: Request, slug: str) -> Project:
    return find_project(caller(request), slug, owner=request.query_params.get("owner"))
