"""Pipelines for benchmarks: three steps that do nothing, and one that waits for a vendor."""

import json
import urllib.request
from typing import Any

from django.conf import settings
from pydantic import BaseModel, Field

from jobs.pipeline import (
    InputRule,
    Kind,
    Params,
    Pipeline,
    Queue,
    StageResult,
    Step,
    Wait,
    Workbench,
)

_NO_INPUTS = InputRule(kinds=frozenset(Kind), at_least=0, at_most=0)


class NoopParams(Params):
    number: int = 0


def do_nothing(bench: Workbench[NoopParams]) -> StageResult:
    return StageResult()


def nothing() -> None:
    """What bare RQ runs beside them; loaded before a worker forks, as the pipelines are."""


NOOP = Pipeline(
    slug="noop",
    title="Nothing, three times",
    description="For benchmarks.",
    params=NoopParams,
    inputs=_NO_INPUTS,
    home_project="noop",
    steps=tuple(Step(name=name, run=do_nothing) for name in ("one", "two", "three")),
)


class PollingParams(Params):
    # How long the vendor takes.
    takes_s: float = Field(10, ge=0)


class Task(BaseModel):
    task: str


def poll(bench: Workbench[PollingParams]) -> StageResult | Wait:
    task = bench.checkpoint(Task)
    if task is None:
        asked = _ask("POST", f"/tasks?takes_s={bench.params.takes_s}")
        return Wait(reason="At the vendor's", checkpoint=Task(task=asked["id"]))
    if _ask("GET", f"/tasks/{task.task}")["done"]:
        return StageResult()
    return Wait(reason="At the vendor's")


def _ask(method: str, path: str) -> Any:
    request = urllib.request.Request(settings.KIRI_BASE_URL + path, method=method)
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


POLLING = Pipeline(
    slug="polling",
    title="A wait",
    description="For benchmarks.",
    params=PollingParams,
    inputs=_NO_INPUTS,
    home_project="polling",
    steps=(Step(name="vendor", run=poll, queue=Queue.IO, cacheable=False),),
)
