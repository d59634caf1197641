"""How a pipeline is declared: its params, its steps, and what a step may return."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Any, Generic, Protocol

from pydantic import BaseModel

from jobs.inputs import InputFacts, InputRule, Kind
from jobs.params import AssetRef, F, P, P_co, Params
from jobs.workbench import Workbench

# The whole vocabulary of a declaration, so that a pipeline imports it from one place.
__all__ = [
    "AssetRef",
    "Estimate",
    "InputFacts",
    "InputRule",
    "Kind",
    "OutputFile",
    "Params",
    "Pipeline",
    "Queue",
    "Recorded",
    "SoFar",
    "StageResult",
    "Step",
    "Wait",
    "Workbench",
]


class Queue(StrEnum):
    """What a stage needs of the worker that runs it."""

    CPU = "cpu"
    IO = "io"
    GPU = "gpu"


@dataclass(frozen=True, kw_only=True)
class OutputFile:
    """A file that a stage hands over: to its user when published, else to later stages only."""

    path: Path
    role: str
    filename: str = ""
    content_type: str = ""
    published: bool = True

    @property
    def name(self) -> str:
        return self.filename or self.path.name


@dataclass(frozen=True, kw_only=True)
class StageResult:
    """What a stage made: files, typed facts for later stages, a note for its user."""

    files: Sequence[OutputFile] = ()
    facts: BaseModel | None = None
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Wait:
    """The stage lets its worker go and is run again later, with this checkpoint.

    Without `until` the runtime spaces the returns by its documented backoff.
    """

    reason: str
    until: datetime | None = None
    checkpoint: BaseModel | None = None
    give_up_after: timedelta | None = None
    progress: float | None = None


class SoFar(Protocol[P_co]):
    """What is known of a job between two steps, and before its first."""

    @property
    def params(self) -> P_co: ...

    @property
    def inputs(self) -> Sequence[InputFacts]: ...

    def facts(self, step: str, kind: type[F]) -> F: ...

    def engine(self, step: str) -> str: ...


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """What a step will probably take."""

    seconds: float
    cost_usd: Decimal = Decimal(0)


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """A stage's success, told to the step's `record` inside the transaction that ends it."""

    job_id: str
    step: str
    part: int | None
    # The JSON of the stage's facts; empty when it has none.
    facts: str


StageFunction = Callable[[Workbench[P]], StageResult | Wait]


@dataclass(frozen=True, kw_only=True)
class Step(Generic[P]):
    """One line of a pipeline's declaration."""

    name: str
    run: StageFunction[P]
    title: str = ""
    queue: Queue = Queue.CPU
    # Its share of the job's progress bar, compared with its neighbours.
    weight: float = 1.0
    timeout: timedelta = timedelta(minutes=30)
    # How long it may report nothing before staff are told and it is stopped.
    quiet_limit: timedelta = timedelta(minutes=10)
    # The engines that can do this step, the one that “auto” prefers first.
    engines: tuple[str, ...] = ("local",)
    # The param that names an engine for this step alone.
    engine_param: str = ""
    # Raise it when the same input would give another result than before.
    version: int = 1
    # The params that its result depends on; None means all of them.
    uses: tuple[str, ...] | None = None
    cacheable: bool = True
    # One label for each part that the step fans out into; an empty list skips the step.
    parts: Callable[[SoFar[P]], Sequence[str]] | None = None
    # The job goes on when at least one part came out well.
    tolerates_failed_parts: bool = False
    # Not begun before a person approves, in jobs submitted with `review`.
    after_review: bool = False
    when: Callable[[SoFar[P]], bool] | None = None
    # Tells the vendor to stop; called with the checkpoint when a stage is cancelled.
    cancel: Callable[[Workbench[P]], None] | None = None
    record: Callable[[Recorded], None] | None = None
    estimate: Callable[[SoFar[P], str], Estimate] | None = None

    @property
    def label(self) -> str:
        return self.title or self.name.replace("_", " ").capitalize()


@dataclass(frozen=True, kw_only=True)
class Pipeline(Generic[P]):
    """How one kind of job runs."""

    slug: str
    title: str
    description: str
    params: type[P]
    inputs: InputRule
    steps: tuple[Step[P], ...]
    # The project that holds jobs submitted without naming one.
    home_project: str = ""
    # Looks at params and inputs together at submit; raises RequestError.
    check: Callable[[P, Sequence[InputFacts]], None] | None = None
    # How many jobs of this pipeline may run at once on all workers; None: as many as fit.
    max_running: Callable[[], int | None] | None = None
    # What the job's `result` field shows once stages have facts.
    summarize: Callable[[SoFar[P]], Mapping[str, Any]] | None = None
    # A file that “try it with a sample” starts from, made on the spot.
    sample: Callable[[Path], Sequence[Path]] | None = None
    sample_params: Mapping[str, Any] = field(default_factory=dict)

    def step(self, name: str) -> Step[P]:
        return next(step for step in self.steps if step.name == name)

    @property
    def engines(self) -> tuple[str, ...]:
        """Every engine that some step offers, in the order first named."""
        return tuple(dict.fromkeys(e for step in self.steps for e in step.engines))
