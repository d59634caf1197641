"""A job's rows as its changes read and write them: spelled once, sent together.

Every step of every job comes by here. Django would spell these statements anew each
time, and wait for the answer to each before it sends the next.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import AutoField, Field, Model

from jobs.columns import Columns
from jobs.models import Job, Project, Stage

AnyField = Field[Any, Any]


_JOB = Columns(Job, "j")
_PROJECT = Columns(Project, "p")
# Texts of other stages can be long and are seldom needed here.
_STAGE = Columns(Stage, "s", without=("facts", "checkpoint"))

# Whoever works for a job needs to know where its files lie, and whether somebody wants
# to hear of it. Its stages are locked, too: due waits are claimed many at a time,
# without their jobs' locks. They are asked for only where the job's lock is ours.
_LOCK = f"""
SELECT {_JOB.sql}, {_PROJECT.sql}, EXISTS (
    SELECT 1 FROM jobs_webhookendpoint w WHERE w.owner_id = j.owner_id AND w.active
)
FROM jobs_job j JOIN jobs_project p ON p.id = j.project_id
WHERE j.id = {{job}} FOR NO KEY UPDATE OF j {{patience}};
SELECT {_STAGE.sql} FROM jobs_stage s
WHERE s.job_id = (SELECT id FROM jobs_job WHERE id = {{job}} FOR NO KEY UPDATE {{patience}})
ORDER BY s.position, s.part FOR NO KEY UPDATE OF s
"""  # noqa: S608  our own columns
_LOCK_PATIENTLY = _LOCK.format(job="%(job)s", patience="")
_LOCK_AT_ONCE = _LOCK.format(job="%(job)s", patience="SKIP LOCKED")
# Of a stage that a message names, as long as nobody has taken it up.
_LOCK_IF_DUE = _LOCK.format(
    job="""(
        SELECT job_id FROM jobs_stage
        WHERE id = %(stage)s AND attempt = %(attempt)s AND status IN ('queued', 'waiting')
    )""",
    patience="",
)

# What a crash of Postgres may undo without harm need not wait for the disk: a claim
# that is lost was only a lease, and whatever its stage writes down for good carries the
# claim to the disk as well.
NOT_LASTING = "SET LOCAL synchronous_commit TO off;"


class Locked(NamedTuple):
    """A job under its lock, with its stages, and whether its owner has webhooks."""

    job: Job
    stages: list[Stage]
    has_listeners: bool


def lock(job_id: Any, *, skip_locked: bool, lasting: bool) -> Locked:
    """Within a transaction; raises Job.DoesNotExist, also for one that is skipped."""
    statements = _LOCK_AT_ONCE if skip_locked else _LOCK_PATIENTLY
    return _lock(statements, lasting=lasting, job=job_id)


def lock_if_due(stage_id: int, attempt: int) -> Locked:
    """The job of a stage that nobody has taken up yet; otherwise raises Job.DoesNotExist."""
    return _lock(_LOCK_IF_DUE, lasting=False, stage=stage_id, attempt=attempt)


def _lock(statements: str, *, lasting: bool, **whose: Any) -> Locked:
    with connection.cursor() as cursor:
        if lasting:
            cursor.execute(statements, whose)
        else:
            cursor.execute(NOT_LASTING + statements, whose)
            cursor.nextset()
        row = cursor.fetchone()
        if row is None:
            raise Job.DoesNotExist
        cursor.nextset()
        stages = [_STAGE.instance(each) for each in cursor.fetchall()]
    job = _JOB.instance(row[: _JOB.count])
    job.project = _PROJECT.instance(row[_JOB.count : -1])
    for stage in stages:
        stage.job = job
    return Locked(job=job, stages=stages, has_listeners=row[-1])


class Breath:
    """Statements that go to Postgres in one breath: each alone would cost a way there and back."""

    def __init__(self) -> None:
        self._statements: list[str] = []
        self._values: list[Any] = []
        # For each statement, the rows that it inserts.
        self._inserted: list[Sequence[Model]] = []

    def insert(self, rows: Sequence[Model]) -> None:
        """New rows of one model."""
        if not rows:
            return
        spelled = _insertion(type(rows[0]))
        for row in rows:
            self._values += [_stored(each, row, adding=True) for each in spelled.fields]
        places = ", ".join([spelled.places] * len(rows))
        self._say(f"{spelled.into} VALUES {places} RETURNING id", inserted=rows)

    def update(self, row: Model, names: Sequence[str], ids: Sequence[Any]) -> None:
        """Give several rows of a model the same new values: those that this one has."""
        statement, fields = _update(type(row), tuple(names))
        self._values += [_stored(each, row, adding=False) for each in fields]
        self._values.append(list(ids))
        self._say(statement)

    def out(self) -> None:
        """Send what was said so far, and tell new rows their ids."""
        if not self._statements:
            return
        with connection.cursor() as cursor:
            cursor.execute(";\n".join(self._statements), self._values)
            for rows in self._inserted:
                for row in rows:
                    (row.pk,) = cursor.fetchone()
                    row._state.adding = False
                cursor.nextset()
        self._statements, self._values, self._inserted = [], [], []

    def _say(self, statement: str, inserted: Sequence[Model] = ()) -> None:
        self._statements.append(statement)
        self._inserted.append(inserted)


class _Insertion(NamedTuple):
    into: str
    places: str
    fields: list[AnyField]


@cache
def _insertion(model: type[Model]) -> _Insertion:
    meta = model._meta
    fields = [f for f in meta.concrete_fields if not isinstance(f, AutoField)]
    columns = ", ".join(str(field.column) for field in fields)
    return _Insertion(
        into=f"INSERT INTO {meta.db_table} ({columns})",
        places=f"({', '.join(['%s'] * len(fields))})",
        fields=fields,
    )


@cache
def _update(model: type[Model], names: tuple[str, ...]) -> tuple[str, list[AnyField]]:
    meta = model._meta
    fields: list[AnyField] = [meta.get_field(name) for name in names]  # type: ignore[misc]  # columns only
    changes = ", ".join(f"{field.column} = %s" for field in fields)
    statement = f"UPDATE {meta.db_table} SET {changes} WHERE id = ANY(%s)"  # noqa: S608  our own columns
    return statement, fields


def _stored(field: AnyField, row: Model, *, adding: bool) -> Any:
    return field.get_db_prep_save(field.pre_save(row, adding), connection)
