"""What apps show staff of their vendors' accounts: credits left, beside the house's figures.

An app registers an account from its `ready`, beside its pipelines:

    accounts.register(Account(label="Printer", look=printer.pages_left))
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Standing:
    """How an account stands, in words; `low` is worth somebody's attention."""

    said: str
    low: bool = False


@dataclass(frozen=True, kw_only=True)
class Account:
    label: str
    # Answers soon, from a cache; None where the vendor is not set up.
    look: Callable[[], Standing | None]


_accounts: list[Account] = []


def register(account: Account) -> None:
    _accounts.append(account)


def standings() -> Sequence[tuple[str, Standing]]:
    """Of every vendor that is set up."""
    found = [(account.label, account.look()) for account in _accounts]
    return [(label, standing) for label, standing in found if standing is not None]
