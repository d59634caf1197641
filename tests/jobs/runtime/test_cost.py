"""What a stage costs in questions to Postgres: the runtime's speed hangs on their number."""

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext

from jobs import services
from jobs.services import JobOrder
from tests.conftest import Drain

pytestmark = pytest.mark.django_db


def test_stage_takes_few_queries(owner: User, drain: Drain) -> None:
    services.submit(owner, JobOrder(pipeline="noop", cache=False))

    with CaptureQueriesContext(connection) as asked:
        drain()

    assert len(asked) <= 28, "\n".join(q["sql"] for q in asked.captured_queries)
