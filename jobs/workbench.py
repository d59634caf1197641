"""What a stage's function is handed: it knows files and numbers, no rows and no queues."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Generic, Protocol

from pydantic import BaseModel

from jobs.errors import VendorError
from jobs.inputs import InputFacts
from jobs.params import F, P


@dataclass(frozen=True, kw_only=True)
class Purchase:
    """A vendor call that costs money: what is bought, of whom, for about how much."""

    vendor: str
    # Tells apart several purchases of one stage; the same words mean the same purchase.
    item: str
    estimate_usd: Decimal = Decimal(0)


@dataclass(frozen=True, kw_only=True)
class StepFile:
    """A file that an earlier step handed over."""

    path: Path
    role: str
    filename: str
    part: int | None = None


class Recorder(Protocol):
    """Where a workbench's words go: Postgres in a worker, a list in a test."""

    def report(self, fraction: float, message: str) -> None: ...

    def log(self, message: str, level: str) -> None: ...

    def save_checkpoint(self, checkpoint: BaseModel) -> None: ...

    def spend(self, purchase: Purchase, actual_usd: Decimal) -> None: ...

    def buy(
        self,
        purchase: Purchase,
        send: Callable[[str], str],
        look_up: Callable[[str], str | None] | None,
    ) -> str: ...


class Shelf(Protocol):
    """Where a workbench's files come from."""

    def input_path(self, index: int) -> Path: ...

    def asset_path(self, asset_id: str) -> Path: ...

    def step_files(self, step: str) -> Sequence[StepFile]: ...


@dataclass(frozen=True, kw_only=True)
class Workbench(Generic[P]):
    """One stage's place to work."""

    params: P
    inputs: Sequence[InputFacts]
    workdir: Path
    engine: str
    job_id: str
    project: str
    attempt: int
    part: int | None
    part_label: str
    parts: int
    recorder: Recorder
    shelf: Shelf
    # Facts of the steps before this one, as JSON, one entry a part.
    known: Mapping[str, Sequence[str]]
    stored_checkpoint: str | None
    # Where a vendor may call back, with its secret; None when the server has no public address.
    webhook_url: str | None

    def input_paths(self) -> list[Path]:
        """Every input as a local file, in the order they were submitted."""
        return [self.shelf.input_path(index) for index in range(len(self.inputs))]

    def asset(self, asset_id: str) -> Path:
        """A local copy of the asset that a param names."""
        return self.shelf.asset_path(asset_id)

    def files(self, step: str, role: str | None = None) -> list[StepFile]:
        """What an earlier step handed over, its parts in order."""
        return [f for f in self.shelf.step_files(step) if role in (None, f.role)]

    def facts(self, step: str, kind: type[F]) -> F:
        """The facts of an earlier step that had no parts."""
        return kind.model_validate_json(self.known[step][0])

    def part_facts(self, step: str, kind: type[F]) -> list[F]:
        """The facts of every part of an earlier step that came out well, in order."""
        return [kind.model_validate_json(facts) for facts in self.known[step]]

    def checkpoint(self, kind: type[F]) -> F | None:
        """What this stage saved before it waited, or before its worker was lost."""
        if self.stored_checkpoint is None:
            return None
        return kind.model_validate_json(self.stored_checkpoint)

    def save_checkpoint(self, checkpoint: BaseModel) -> None:
        self.recorder.save_checkpoint(checkpoint)

    def report(self, fraction: float, message: str = "") -> None:
        """Tell how far the stage is (0 to 1); also where it learns that it must stop."""
        self.recorder.report(fraction, message)

    def reporter(self, start: float, end: float) -> Callable[[float], None]:
        """A callback for a tool that counts from 0 to 1, mapped into this span."""
        return lambda done: self.report(start + (end - start) * done)

    def log(self, message: str, level: str = "info") -> None:
        self.recorder.log(message, level)

    def spend(self, purchase: Purchase, actual_usd: Decimal) -> None:
        """Book what a purchase really cost."""
        self.recorder.spend(purchase, actual_usd)

    def buy(
        self,
        purchase: Purchase,
        send: Callable[[str], str],
        look_up: Callable[[str], str | None] | None = None,
    ) -> str:
        """Buy once: `send(our_key)` answers with the vendor's task id, which is kept.

        A stage that comes back after a crash gets the same id without a second
        call. When the crash fell between sending and storing, `look_up(our_key)`
        is asked; without it the outcome is unknown and a person decides. What a
        useless answer cost is booked, although nothing was got for it.
        """
        try:
            return self.recorder.buy(purchase, send, look_up)
        except VendorError as error:
            if error.cost_usd:
                in_vain = replace(
                    purchase,
                    item=f"{purchase.item}, in vain ({self.attempt})",
                    estimate_usd=Decimal(0),
                )
                self.spend(in_vain, error.cost_usd)
            raise
