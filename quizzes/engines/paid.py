"""Vendor calls that answer at once: bought once, their answers kept across crashes."""

from collections.abc import Callable
from typing import Any

from jobs.pipeline import Workbench
from jobs.workbench import Purchase
from quizzes.content import Content


class Answers(Content):
    """The stage's checkpoint: what was bought, by what it was bought for."""

    by_item: dict[str, str] = {}


def bought_once(
    bench: Workbench[Any], purchase: Purchase, ask: Callable[[str], tuple[str, str]]
) -> str:
    """The vendor's answer as text; `ask(our_key)` gives its id and the text."""
    kept = bench.checkpoint(Answers) or Answers()
    answers = dict(kept.by_item)
    fresh: dict[str, str] = {}

    def send(key: str) -> str:
        vendor_id, fresh[purchase.item] = ask(key)
        answers.update(fresh)
        # Kept before the id is: an id without its answer would be worth nothing.
        bench.save_checkpoint(Answers(by_item=answers))
        return vendor_id or key

    def look_up(key: str) -> str | None:
        return key if purchase.item in kept.by_item else None

    bench.buy(purchase, send, look_up if purchase.item in kept.by_item else None)
    return fresh.get(purchase.item) or kept.by_item[purchase.item]
