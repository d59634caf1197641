"""Starting a job: which pipeline, its form, what it would take, and off it goes."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from typing import Any

from django.contrib import messages
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.text import slugify
from django.views.decorators.http import require_POST

from jobs import registry, samples, services
from jobs.access import (
    as_uuid,
    assets_of,
    ensure_project,
    find_job,
    find_project,
    projects_of,
)
from jobs.engines import AUTO, LOCAL, Engine, engines_of
from jobs.errors import NotFoundError, RequestError
from jobs.inputs import Kind
from jobs.models import Asset, Job, Project
from jobs.pages import fields, sending
from jobs.pages.doorway import page, user_of
from jobs.pipeline import Estimate
from jobs.registry import AnyPipeline
from jobs.services import JobOrder

MOST_OFFERED = 60
DEFAULT_PROJECT = "my-first-project"


@dataclass(frozen=True, kw_only=True)
class Draft:
    """What the form holds, from its first drawing to its sending."""

    params: dict[str, Any]
    inputs: tuple[str, ...] = ()
    project: str = ""
    engine: str = AUTO
    priority: str = "normal"
    review: bool = False
    cache: bool = True
    notify: bool = False
    each: bool = False
    budget: str = ""


@page
def choose(request: HttpRequest) -> HttpResponse:
    """Every pipeline with its picture; those first that take what was just uploaded."""
    query = request.GET.urlencode()
    chosen = _assets(user_of(request), tuple(request.GET.getlist("inputs")))
    kinds = {Kind(asset.kind) for asset in chosen}
    pipelines = sorted(
        registry.all_pipelines(),
        key=lambda p: bool(kinds) and not kinds <= p.inputs.kinds,
    )
    fitting = [p for p in pipelines if not kinds or kinds <= p.inputs.kinds]
    context = {
        "pipelines": fitting if kinds and fitting else pipelines,
        "chosen": chosen,
        "query": query,
    }
    return render(request, "jobs/new.html", context)


@page
def start(request: HttpRequest, slug: str) -> HttpResponse:
    pipeline = registry.get(slug)
    user = user_of(request)
    if request.method != "POST":
        return _form(request, pipeline, _first_draft(request, user, pipeline))
    draft = _read(request, pipeline)
    try:
        draft = _with_sent_files(request, user, pipeline, draft)
        return _submit(request, user, pipeline, draft)
    except RequestError as error:
        return _form(request, pipeline, draft, error)


def _first_draft(request: HttpRequest, user: User, pipeline: AnyPipeline) -> Draft:
    """Empty, or as an old job was, or with the inputs that the address names."""
    again = request.GET.get("again")
    if again:
        return _draft_of(find_job(user, again))
    project = request.GET.get("project", "")
    inputs = tuple(request.GET.getlist("inputs"))
    each = pipeline.inputs.at_most == 1 and len(inputs) > 1
    return Draft(params={}, inputs=inputs, project=project, each=each)


def _draft_of(job: Job) -> Draft:
    rows = job.job_inputs.exclude(asset=None).values_list("asset_id", flat=True)
    return Draft(
        params=dict(job.params),
        inputs=tuple(str(pk) for pk in rows),
        project=job.project.slug,
        engine=job.engine,
        priority=job.get_priority_display(),
        review=job.review,
        cache=job.cache,
        notify=job.notify,
        budget="" if job.budget_usd is None else f"{job.budget_usd.normalize():f}",
    )


def _read(request: HttpRequest, pipeline: AnyPipeline) -> Draft:
    sent = request.POST
    return Draft(
        params=fields.read(pipeline.params, sent),
        inputs=tuple(dict.fromkeys(i for i in sent.getlist("inputs") if i)),
        project=_slug_of(sent.get("project", "").strip()),
        engine=sent.get("engine", AUTO),
        priority=sent.get("priority", "normal"),
        review="review" in sent,
        cache="cache" in sent,
        notify="notify" in sent,
        each="each" in sent,
        budget=sent.get("budget", "").strip(),
    )


def _slug_of(name: str) -> str:
    """People type a project's name; what is a slug already stays as it is."""
    return name if as_uuid(name) else slugify(name)[:80]


def _with_sent_files(
    request: HttpRequest, user: User, pipeline: AnyPipeline, draft: Draft
) -> Draft:
    """Files that came with the form itself, as they do without JavaScript."""
    files = [f for f in request.FILES.getlist("files") if f]
    if not files:
        return draft
    project = _project(user, draft.project)
    made = [sending.receive_form_file(project, file, pipeline) for file in files]
    return replace(draft, inputs=(*draft.inputs, *(str(a.pk) for a in made)))


def _project(user: User, name: str) -> Project:
    return ensure_project(user, name or DEFAULT_PROJECT)


def _submit(
    request: HttpRequest, user: User, pipeline: AnyPipeline, draft: Draft
) -> HttpResponse:
    orders = _orders(pipeline, draft)
    if len(orders) == 1:
        return redirect("studio:job", services.submit(user, orders[0]).pk)
    batch = services.submit_batch(
        user, orders, name=f"{pipeline.title} × {len(orders)}"
    )
    return redirect("studio:batch", batch.pk)


def _orders(pipeline: AnyPipeline, draft: Draft) -> list[JobOrder]:
    several = len(draft.inputs) > 1
    if several and (draft.each or pipeline.inputs.at_most == 1):
        return [_order(pipeline, draft, (one,)) for one in draft.inputs]
    return [_order(pipeline, draft, draft.inputs)]


def _order(pipeline: AnyPipeline, draft: Draft, inputs: Sequence[str]) -> JobOrder:
    return JobOrder(
        pipeline=pipeline.slug,
        params=draft.params,
        inputs=inputs,
        project=draft.project or ("" if pipeline.home_project else DEFAULT_PROJECT),
        engine=draft.engine,
        priority=draft.priority,
        review=draft.review,
        cache=draft.cache,
        notify=draft.notify,
        budget_usd=_money(draft.budget),
    )


def _money(text: str) -> Decimal | None:
    if not text:
        return None
    try:
        amount = Decimal(text)
    except InvalidOperation:
        amount = Decimal(-1)
    if not amount.is_finite() or amount < 0:
        problem = "A budget is an amount in US dollars, such as 2.50."
        raise RequestError(problem, errors={"budget": [problem]})
    return amount


def _form(
    request: HttpRequest,
    pipeline: AnyPipeline,
    draft: Draft,
    error: RequestError | None = None,
) -> HttpResponse:
    user = user_of(request)
    errors = error.errors if error else {}
    drawn = fields.draw(pipeline.params, draft.params, errors)
    offered = _offered(user, pipeline, draft)
    context = {
        "pipeline": pipeline,
        "draft": draft,
        "error": error,
        "errors": errors,
        "shown_fields": [f for f in drawn if not f.advanced],
        "advanced_fields": [f for f in drawn if f.advanced],
        "advanced_open": any(f.problems for f in drawn if f.advanced),
        "engines": _engine_choices(pipeline),
        "offered": offered,
        "pictures": [a for a in offered if a.kind == Kind.IMAGE],
        "projects": projects_of(user).filter(owner=user)[:100],
        "default_project": pipeline.home_project or DEFAULT_PROJECT,
        "kinds": sorted(pipeline.inputs.kinds),
        "accept": sending.accept_of(pipeline.inputs.kinds),
        "priorities": ["high", "normal", "low"],
        "reviewable": any(step.after_review for step in pipeline.steps),
    }
    return render(request, "jobs/start.html", context, status=400 if error else 200)


def _engine_choices(pipeline: AnyPipeline) -> list[Engine]:
    """What works here goes first, and what costs nothing before all."""
    offered = [e for e in engines_of(pipeline) if e.name != AUTO]
    return sorted(offered, key=lambda e: (e.name != LOCAL, not e.configured))


def _offered(user: User, pipeline: AnyPipeline, draft: Draft) -> list[Asset]:
    """What may be chosen as input: what is chosen first, then the newest that fit."""
    chosen = _assets(user, draft.inputs)
    rows = assets_of(user).filter(published=True, kind__in=pipeline.inputs.kinds)
    if draft.project:
        try:
            rows = rows.filter(project=find_project(user, draft.project))
        except NotFoundError:
            rows = rows.filter(project__owner=user)
    else:
        rows = rows.filter(project__owner=user)
    # What people brought along goes before what jobs made.
    newest = [*rows.filter(job=None)[:MOST_OFFERED]]
    if len(newest) < MOST_OFFERED:
        newest += rows.exclude(job=None)[: MOST_OFFERED - len(newest)]
    known = {asset.pk for asset in chosen}
    return chosen + [a for a in newest if a.pk not in known]


def _assets(user: User, ids: tuple[str, ...]) -> list[Asset]:
    """Those of these that there are, in this order; the rest is said at sending."""
    valid = [pk for pk in map(as_uuid, ids) if pk]
    found = {a.pk: a for a in assets_of(user).filter(pk__in=valid)} if valid else {}
    return [found[pk] for pk in valid if pk in found]


@require_POST
@page
def estimate(request: HttpRequest, slug: str) -> HttpResponse:
    """What the form as it stands would take; a piece of the page."""
    pipeline = registry.get(slug)
    context: dict[str, Any] = {"pipeline": pipeline}
    draft = _read(request, pipeline)
    if len(draft.inputs) < pipeline.inputs.at_least:
        context["still_needed"] = pipeline.inputs.at_least - len(draft.inputs)
        return render(request, "jobs/_estimate.html", context)
    try:
        orders = _orders(pipeline, draft)
        parts = [services.estimate(user_of(request), order) for order in orders]
        context["estimate"] = Estimate(
            seconds=sum(part.seconds for part in parts),
            cost_usd=sum((part.cost_usd for part in parts), Decimal(0)),
        )
        context["jobs"] = len(orders)
        context["prices"] = _prices(user_of(request), pipeline, orders)
    except RequestError as error:
        context["error"] = error
        drawn = fields.draw(pipeline.params, draft.params, error.errors)
        context["unready"] = [field.label for field in drawn if field.problems]
    return render(request, "jobs/_estimate.html", context)


def _prices(
    user: User, pipeline: AnyPipeline, orders: Sequence[JobOrder]
) -> list[tuple[str, Decimal]]:
    """What the same would cost with each of the vendors that are set up here."""
    prices = []
    for engine in _engine_choices(pipeline):
        if engine.name != LOCAL and engine.configured:
            one = services.estimate(user, replace(orders[0], engine=engine.name))
            prices.append((engine.name, one.cost_usd * len(orders)))
    return prices


@require_POST
@page
def sample(request: HttpRequest, slug: str) -> HttpResponse:
    """Make the pipeline's own sample and run a real job on it."""
    user = user_of(request)
    project = ensure_project(user, "samples")
    pipeline = registry.get(slug)
    job = samples.submit_sample(user, project, pipeline, make=samples.make_aside)
    messages.info(request, "This is a real job, on a sample that was made just now.")
    return redirect("studio:job", job.pk)
