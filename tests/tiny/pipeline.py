"""A pipeline that does nothing of use, and everything that a pipeline can do."""

import errno
import os
from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from functools import partial

from pydantic import BaseModel, Field

from jobs.errors import (
    StageError,
    UnreadableMediaError,
    VendorOutcomeUnknownError,
    VendorRefusedError,
    VendorUnavailableError,
)
from jobs.pipeline import (
    AssetRef,
    Estimate,
    InputRule,
    Kind,
    OutputFile,
    Params,
    Pipeline,
    Queue,
    SoFar,
    StageResult,
    Step,
    Wait,
    Workbench,
)
from jobs.workbench import Purchase
from tests.tiny import vendor


class TinyParams(Params):
    text: str = Field("hello", max_length=200)
    parts: int = Field(0, ge=0, le=50)
    # What goes wrong, and where: "prepare:refused", "work:down:2" (twice), "work/1:bad".
    trouble: str = ""
    polls: int = Field(0, ge=0)
    price_usd: float = Field(0, ge=0)
    busy_seconds: float = Field(0, ge=0)
    # Busy without a word, and deaf to everything: only force stops it.
    deaf_seconds: float = Field(0, ge=0)
    vendor_seconds: float = Field(0, ge=0)
    mask: AssetRef = ""
    note: str = ""


class Prepared(BaseModel):
    text: str


class Asked(BaseModel):
    task: str
    polls: int = 0


class TinyBadInputError(StageError):
    code = "tiny_bad_input"


_TROUBLES: dict[str, Exception] = {
    "bad": TinyBadInputError("This input is bad. Send a better one."),
    "unreadable": UnreadableMediaError("This is no picture."),
    "down": VendorUnavailableError("tiny", "The vendor is down."),
    "busy": VendorUnavailableError(
        "tiny", "The vendor is busy.", retry_after=timedelta(seconds=90)
    ),
    "refused": VendorRefusedError("tiny", "The vendor will not do it."),
    "unknown": VendorOutcomeUnknownError("tiny", "The answer was lost."),
    "bug": ZeroDivisionError("a bug"),
    "full": OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)),
}


def _make_trouble(bench: Workbench[TinyParams], step: str) -> None:
    where, _, rest = bench.params.trouble.partition(":")
    what, _, times = rest.partition(":")
    here = step if bench.part is None else f"{step}/{bench.part}"
    if where in (step, here) and bench.attempt <= int(times or 10**6):
        raise _TROUBLES[what]


def prepare(bench: Workbench[TinyParams]) -> StageResult:
    _make_trouble(bench, "prepare")
    bench.report(0.5, "Preparing")
    path = bench.workdir / "prepared.txt"
    path.write_text(bench.params.text)
    return StageResult(
        files=[OutputFile(path=path, role="prepared", published=False)],
        facts=Prepared(text=bench.params.text),
    )


def work(bench: Workbench[TinyParams]) -> StageResult:
    _make_trouble(bench, "work")
    vendor.be_busy(bench.params.busy_seconds, bench.report)
    vendor.be_deaf(bench.params.deaf_seconds)
    text = bench.facts("prepare", Prepared).text
    path = bench.workdir / f"work-{bench.part or 0}.txt"
    path.write_text(f"{text} {bench.part_label}".strip())
    return StageResult(
        files=[OutputFile(path=path, role="piece")],
        facts=Prepared(text=path.read_text()),
    )


def ask_vendor(bench: Workbench[TinyParams]) -> StageResult | Wait:
    _make_trouble(bench, "vendor")
    if not bench.params.polls and not bench.params.price_usd:
        return StageResult()
    purchase = Purchase(
        vendor="tiny", item="task", estimate_usd=Decimal(str(bench.params.price_usd))
    )
    asked = bench.checkpoint(Asked)
    if asked is None:
        submit = partial(vendor.submit, slowly_s=bench.params.vendor_seconds)
        asked = Asked(task=bench.buy(purchase, submit, vendor.look_up))
        bench.save_checkpoint(asked)
    if asked.polls < bench.params.polls:
        later = Asked(task=asked.task, polls=asked.polls + 1)
        return Wait(reason="The vendor is at work", checkpoint=later, progress=0.5)
    bench.spend(purchase, Decimal(str(bench.params.price_usd)))
    return StageResult(note="The vendor did it.")


def stop_at_vendor(bench: Workbench[TinyParams]) -> None:
    asked = bench.checkpoint(Asked)
    if asked:
        vendor.cancel(asked.task)


def finish(bench: Workbench[TinyParams]) -> StageResult:
    _make_trouble(bench, "finish")
    path = bench.workdir / "finished.txt"
    path.write_text("\n".join(f.path.read_text() for f in bench.files("work")))
    return StageResult(files=[OutputFile(path=path, role="text")])


def _part_labels(so_far: SoFar[TinyParams]) -> Sequence[str]:
    return [f"part {n}" for n in range(so_far.params.parts or 1)]


TINY = Pipeline(
    slug="tiny",
    title="Tiny",
    description="Does nothing of use.",
    params=TinyParams,
    inputs=InputRule(kinds=frozenset(Kind), at_least=0, at_most=3),
    home_project="tiny",
    steps=(
        Step(name="prepare", run=prepare, uses=("text", "trouble")),
        Step(name="work", run=work, parts=_part_labels, weight=2),
        Step(
            name="vendor",
            run=ask_vendor,
            queue=Queue.IO,
            cancel=stop_at_vendor,
            cacheable=False,
            estimate=lambda so_far, engine: Estimate(
                seconds=1, cost_usd=Decimal(str(so_far.params.price_usd))
            ),
        ),
        Step(name="finish", run=finish, after_review=True),
    ),
    summarize=lambda so_far: {"text": so_far.facts("prepare", Prepared).text},
)
