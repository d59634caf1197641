"""What a stage builds on: its job's params and inputs, and what the steps before it left behind."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from jobs import registry
from jobs.models import Asset, Job, Stage
from jobs.sofar import JobSoFar


@dataclass(frozen=True, kw_only=True, order=True)
class FileMade:
    """A file that an earlier step handed over, by its content."""

    step: str
    part: int
    role: str
    name: str
    sha256: str


class Background:
    """Read from the rows when it is asked for, and not again by the stage that follows."""

    def __init__(self, job: Job, position: int, so_far: JobSoFar | None = None) -> None:
        self._job = job
        self._position = position
        self.so_far = so_far or JobSoFar(job)

    @cached_property
    def facts(self) -> Mapping[str, Sequence[str]]:
        """Facts of the steps before this one, as JSON, one entry a part."""
        known: dict[str, list[str]] = {}
        if self._position == 0:
            return known
        done = Stage.objects.filter(
            job=self._job, position__lt=self._position, status__in=Stage.DONE
        ).exclude(facts="")
        for name, text in done.order_by("position", "part").values_list(
            "name", "facts"
        ):
            known.setdefault(name, []).append(text)
        return known

    @cached_property
    def files(self) -> Sequence[FileMade]:
        steps = registry.get(self._job.pipeline).steps[: self._position]
        if not steps:
            return ()
        names = [step.name for step in steps]
        made = Asset.objects.filter(job=self._job, step__in=names)
        return _described(
            made.only("step", "part", "role", "original_filename", "sha256")
        )

    def after(
        self, ended: Stage, facts: str, assets: Sequence[Asset], following: Stage
    ) -> "Background":
        """For the stage that this process goes on with: what it just wrote it need not read."""
        later = Background(self._job, following.position, self.so_far)
        if ended.part is not None or following.position <= ended.position:
            # Other workers' parts have to be asked for.
            return later
        if "facts" in vars(self):
            later.facts = {**self.facts, ended.name: [facts]} if facts else self.facts
        if "files" in vars(self):
            later.files = [*self.files, *_described(assets)]
        return later


def _described(assets: Iterable[Asset]) -> list[FileMade]:
    return [
        FileMade(
            step=asset.step,
            part=-1 if asset.part is None else asset.part,
            role=asset.role,
            name=asset.original_filename,
            sha256=asset.sha256,
        )
        for asset in assets
    ]
