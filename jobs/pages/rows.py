"""Jobs as lines of a list: what is loaded for them, and how lists are filtered."""

from dataclasses import dataclass
from uuid import UUID

from django.db.models import Prefetch, Q, QuerySet
from django.http import QueryDict

from jobs import registry
from jobs.models import Job, JobInput
from jobs.registry import AnyPipeline

OPEN = ("queued", "running", "waiting")


def with_row_facts(jobs: QuerySet[Job]) -> QuerySet[Job]:
    """Everything a line shows, in two queries however many lines there are."""
    first_inputs = JobInput.objects.filter(position=0).select_related("asset")
    return jobs.select_related("project").prefetch_related(
        Prefetch("job_inputs", first_inputs, to_attr="first_input")
    )


@dataclass(frozen=True, kw_only=True)
class JobFilter:
    """What a list of jobs is narrowed to; it lives in the page's address."""

    status: str = ""
    pipeline: str = ""
    search: str = ""

    @classmethod
    def read(cls, query: QueryDict) -> "JobFilter":
        status = query.get("status", "")
        pipeline = query.get("pipeline", "")
        known = [*Job.Status.values, "open"]
        slugs = [p.slug for p in registry.all_pipelines()]
        return cls(
            status=status if status in known else "",
            pipeline=pipeline if pipeline in slugs else "",
            search=query.get("q", "").strip()[:100],
        )

    @property
    def statuses(self) -> list[str]:
        """What may be chosen."""
        return ["open", *Job.Status.values]

    @property
    def pipelines(self) -> list[AnyPipeline]:
        return list(registry.all_pipelines())

    @property
    def narrows(self) -> bool:
        return bool(self.status or self.pipeline or self.search)

    def apply(self, jobs: QuerySet[Job]) -> QuerySet[Job]:
        if self.status == "open":
            jobs = jobs.filter(status__in=OPEN)
        elif self.status:
            jobs = jobs.filter(status=self.status)
        if self.pipeline:
            jobs = jobs.filter(pipeline=self.pipeline)
        return jobs.filter(_matching(jobs, self.search)) if self.search else jobs


def _matching(jobs: QuerySet[Job], search: str) -> Q:
    """Those of these jobs: by id, by project, by the name of an input, or by what the job says of itself."""
    try:
        return Q(pk=UUID(search))
    except ValueError:
        pass
    named = [
        p.slug
        for p in registry.all_pipelines()
        if search.lower() in p.title.lower() or search.lower() in p.slug
    ]
    # Asked apart: as a join, every input of every job would be looked at.
    from_files = JobInput.objects.filter(
        position=0,
        job__in=jobs.order_by().values("pk"),
        asset__original_filename__icontains=search,
    )
    return (
        Q(pipeline__in=named)
        | Q(project__name__icontains=search)
        | Q(message__icontains=search)
        | Q(pk__in=from_files.values("job"))
    )
