"""What apps add to the studio's navigation: the way to pages of their own.

An app registers an entry from its `ready`, beside its pipelines and panels:

    navigation.register(Entry(label="Rooms", icon="room", url_name="room_list",
                              pages={"room_list", "room_editor"}))
"""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Entry:
    label: str
    # A name in the studio's icon sprite.
    icon: str
    url_name: str
    # Names of the addresses on which the entry is marked as the place one is at.
    pages: frozenset[str] | set[str]


_entries: list[Entry] = []


def register(entry: Entry) -> None:
    _entries.append(entry)


def entries() -> Sequence[Entry]:
    """In the order of the installed apps."""
    return tuple(_entries)
