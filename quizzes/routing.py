"""The socket that the quiz system documents: a bare job at every change."""

from collections.abc import AsyncIterator
from uuid import UUID

from django.contrib.auth.models import User

from jobs.access import find_project
from jobs.live.routing import socket
from jobs.live.sockets import Receive, Send, serve
from jobs.live.visitors import Scope
from quizzes.api.seed import find_job_in, record_texts


async def seed_socket(scope: Scope, receive: Receive, send: Send) -> None:
    """`/projects/{project_id}/jobs/{job_id}/ws`"""
    await serve(scope, receive, send, find=_find, stream=_texts)


def _find(user: User, scope: Scope) -> UUID:
    named = scope["url_route"]["kwargs"]
    project = find_project(user, named["project_id"])
    return find_job_in(project, named["job_id"]).pk


async def _texts(job_id: UUID | None, scope: Scope) -> AsyncIterator[str]:
    assert job_id is not None
    async for _, text in record_texts(job_id):
        yield text


urlpatterns = socket("projects/<str:project_id>/jobs/<str:job_id>/ws", seed_socket)
