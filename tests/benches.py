"""Workbenches for calling a stage's function in a test, without rows or queues."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from pydantic import BaseModel

from jobs.inputs import InputFacts, Kind
from jobs.params import P
from jobs.workbench import Purchase, StepFile, Workbench


@dataclass
class ListRecorder:
    """Keeps what a stage said."""

    reports: list[tuple[float, str]] = field(default_factory=list)
    logs: list[tuple[str, str]] = field(default_factory=list)
    checkpoints: list[BaseModel] = field(default_factory=list)
    bought: dict[str, str] = field(default_factory=dict)
    spent: dict[str, Decimal] = field(default_factory=dict)

    def report(self, fraction: float, message: str) -> None:
        self.reports.append((fraction, message))

    def log(self, message: str, level: str) -> None:
        self.logs.append((level, message))

    def save_checkpoint(self, checkpoint: BaseModel) -> None:
        self.checkpoints.append(checkpoint)

    def buy(
        self,
        purchase: Purchase,
        send: Callable[[str], str],
        look_up: Callable[[str], str | None] | None,
    ) -> str:
        if purchase.item not in self.bought:
            self.bought[purchase.item] = send(f"key-{purchase.item}")
        return self.bought[purchase.item]

    def spend(self, purchase: Purchase, actual_usd: Decimal) -> None:
        self.spent[purchase.item] = actual_usd


@dataclass
class FolderShelf:
    """Hands out files that a test made."""

    inputs: Sequence[Path] = ()
    assets: Mapping[str, Path] = field(default_factory=dict)
    steps: Mapping[str, Sequence[StepFile]] = field(default_factory=dict)

    def input_path(self, index: int) -> Path:
        return self.inputs[index]

    def asset_path(self, asset_id: str) -> Path:
        return self.assets[asset_id]

    def step_files(self, step: str) -> Sequence[StepFile]:
        return self.steps.get(step, ())


def make_bench(
    params: P,
    workdir: Path,
    *,
    inputs: Sequence[Path] = (),
    kind: Kind = Kind.IMAGE,
    assets: Mapping[str, Path] | None = None,
    files: Mapping[str, Sequence[StepFile]] | None = None,
    facts: Mapping[str, BaseModel | Sequence[BaseModel]] | None = None,
    checkpoint: BaseModel | None = None,
    engine: str = "local",
    part: int | None = None,
    part_label: str = "",
    parts: int = 1,
    webhook_url: str | None = None,
) -> Workbench[P]:
    """A bench over local files; `bench.recorder` is a `ListRecorder`."""
    known = {
        step: [f.model_dump_json() for f in _as_list(told)]
        for step, told in (facts or {}).items()
    }
    workdir.mkdir(parents=True, exist_ok=True)
    return Workbench(
        params=params,
        inputs=[_facts_of(path, kind) for path in inputs],
        workdir=workdir,
        engine=engine,
        job_id="00000000-0000-0000-0000-000000000001",
        project="tests",
        attempt=1,
        part=part,
        part_label=part_label,
        parts=parts,
        recorder=ListRecorder(),
        shelf=FolderShelf(inputs=inputs, assets=assets or {}, steps=files or {}),
        known=known,
        stored_checkpoint=checkpoint.model_dump_json() if checkpoint else None,
        webhook_url=webhook_url,
    )


def _as_list(told: BaseModel | Sequence[BaseModel]) -> Sequence[BaseModel]:
    return [told] if isinstance(told, BaseModel) else told


def _facts_of(path: Path, kind: Kind) -> InputFacts:
    return InputFacts(
        asset_id=f"asset-{path.name}",
        kind=kind,
        filename=path.name,
        content_type="application/octet-stream",
        size_bytes=path.stat().st_size,
        sha256=f"sha-{path.name}",
    )
