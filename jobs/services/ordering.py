"""What can be asked for when submitting a job, and the checks that it can be run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError as DjangoValidationError
from pydantic import BaseModel, ValidationError

from jobs import registry
from jobs.access import assets_of
from jobs.engines import AUTO, check_engine, choose_engine
from jobs.errors import RequestError
from jobs.inputs import InputFacts
from jobs.models import Asset, Priority
from jobs.params import Params, asset_refs
from jobs.pipeline import Estimate
from jobs.registry import AnyPipeline


@dataclass(frozen=True, kw_only=True)
class JobOrder:
    """All that somebody can ask for when submitting a job."""

    pipeline: str
    params: Mapping[str, Any] = field(default_factory=dict)
    inputs: Sequence[str] = ()
    # A slug or an id; empty: the pipeline's home project.
    project: str = ""
    engine: str = AUTO
    priority: str = Priority.NORMAL.label
    review: bool = False
    cache: bool = True
    max_attempts: int | None = None
    retry_delay_seconds: float | None = None
    start_by: datetime | None = None
    finish_by: datetime | None = None
    budget_usd: Decimal | None = None
    webhook_url: str = ""
    notify: bool = False


@dataclass(frozen=True, kw_only=True)
class CheckedOrder:
    """An order that can be run."""

    pipeline: AnyPipeline
    params: Params
    inputs: list[Asset]


def check_order(owner: User, order: JobOrder) -> CheckedOrder:
    pipeline = registry.get(order.pipeline)
    params = parse_params(pipeline, order.params)
    check_engine(pipeline, order.engine, params)
    if order.priority not in Priority.labels:
        raise RequestError(
            f"“{order.priority}” is no priority. Choose high, normal or low.",
            errors={"priority": ["Choose high, normal or low."]},
        )
    inputs = _find_assets(owner, order.inputs, field_name="inputs")
    for name, ids in asset_refs(params).items():
        _find_assets(owner, ids, field_name=f"params.{name}")
    _check_inputs(pipeline, inputs)
    if pipeline.check:
        pipeline.check(params, [asset.facts() for asset in inputs])
    return CheckedOrder(pipeline=pipeline, params=params, inputs=inputs)


def parse_params(pipeline: AnyPipeline, values: Mapping[str, Any]) -> Params:
    try:
        params: Params = pipeline.params.model_validate(dict(values))
    except ValidationError as error:
        errors: dict[str, list[str]] = {}
        for fault in error.errors():
            name = ".".join(str(place) for place in fault["loc"]) or "params"
            errors.setdefault(name, []).append(fault["msg"])
        first, messages = next(iter(errors.items()))
        raise RequestError(f"{first}: {messages[0]}.", errors=errors) from error
    return params


def _find_assets(owner: User, ids: Sequence[str], *, field_name: str) -> list[Asset]:
    if not ids:
        return []
    try:
        found = {str(a.pk): a for a in assets_of(owner).filter(pk__in=list(ids))}
    except (ValueError, TypeError, DjangoValidationError):
        found = {}
    missing = [i for i in ids if str(i) not in found]
    if missing:
        raise RequestError(
            f"There is no asset {missing[0]}. Upload the file first.",
            errors={field_name: [f"There is no asset {i}." for i in missing]},
        )
    return [found[str(i)] for i in ids]


def _check_inputs(pipeline: AnyPipeline, inputs: Sequence[Asset]) -> None:
    rule = pipeline.inputs
    kinds = " or ".join(sorted(rule.kinds))
    if not rule.at_least <= len(inputs) <= rule.at_most:
        wanted = (
            f"{rule.at_least}"
            if rule.at_least == rule.at_most
            else f"{rule.at_least} to {rule.at_most}"
        )
        detail = f"{pipeline.title} takes {wanted} inputs ({kinds}), not {len(inputs)}."
        raise RequestError(detail, errors={"inputs": [detail]})
    for asset in inputs:
        if asset.kind not in rule.kinds:
            detail = (
                f"{asset.original_filename} is of kind {asset.kind}; "
                f"{pipeline.title} takes {kinds}."
            )
            raise RequestError(detail, errors={"inputs": [detail]})


def estimate(owner: User, order: JobOrder) -> Estimate:
    """What the job would probably take, without submitting it."""
    checked = check_order(owner, order)
    so_far = _ProposedJob(order, checked)
    total = Estimate(seconds=0)
    for step in checked.pipeline.steps:
        if step.estimate is None or (step.when and not step.when(so_far)):
            continue
        part = step.estimate(so_far, so_far.engine(step.name))
        total = Estimate(
            seconds=total.seconds + part.seconds,
            cost_usd=total.cost_usd + part.cost_usd,
        )
    return total


class _ProposedJob:
    """The `SoFar` of a job that is not there yet: it has no facts."""

    def __init__(self, order: JobOrder, checked: CheckedOrder) -> None:
        self._order = order
        self._pipeline = checked.pipeline
        self.params: Any = checked.params
        self.inputs: Sequence[InputFacts] = [a.facts() for a in checked.inputs]

    def facts(self, step: str, kind: type[BaseModel]) -> Any:
        raise RequestError(f"{kind.__name__} of {step} is known only once it has run.")

    def engine(self, step: str) -> str:
        return choose_engine(self._pipeline.step(step), self._order.engine, self.params)
