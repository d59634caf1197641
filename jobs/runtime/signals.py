"""How a work horse and its parent understand each other: two signals, and a note that both can read."""

import mmap
import signal
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

# The parent's words to its horse.
NOT_YOURS = signal.SIGUSR1
DRAIN = signal.SIGUSR2
# A draining horse may finish what ends this soon.
DRAIN_PATIENCE_S = 2.0


class StageStopped(BaseException):
    """The stage is no longer this horse's; not an Exception, so that no stage swallows it."""


class StageHandedBack(BaseException):
    """The worker shuts down; the stage goes on elsewhere."""


class Slate:
    """Memory that parent and horse share: what the horse's main thread does, and what it should drop."""

    _WORD = struct.Struct("q")

    def __init__(self) -> None:
        # Anonymous and shared: it is the same memory on both sides of a fork.
        self._memory = mmap.mmap(-1, 3 * self._WORD.size)

    def clear(self) -> None:
        self.current = self.unwanted = 0
        self.unbreakable = False

    @property
    def current(self) -> int:
        """The stage that is worked on; 0 for none."""
        return self._read(0)

    @current.setter
    def current(self, stage_id: int) -> None:
        self._write(0, stage_id)

    @property
    def unwanted(self) -> int:
        return self._read(1)

    @unwanted.setter
    def unwanted(self, stage_id: int) -> None:
        self._write(1, stage_id)

    @property
    def unbreakable(self) -> bool:
        """Whether to be broken off now would lose something that is paid for."""
        return bool(self._read(2))

    @unbreakable.setter
    def unbreakable(self, it_is: bool) -> None:
        self._write(2, int(it_is))

    def _read(self, place: int) -> int:
        start = place * self._WORD.size
        (number,) = self._WORD.unpack(self._memory[start : start + self._WORD.size])
        return int(number)

    def _write(self, place: int, number: int) -> None:
        start = place * self._WORD.size
        self._memory[start : start + self._WORD.size] = self._WORD.pack(number)


class Flags:
    """What the horse has been told."""

    def __init__(self) -> None:
        self.drain_since: float | None = None
        # Set when the horse cannot tell what it holds: its parent will sort that out.
        self.lost_track = False
        # Set when a stage was broken off anywhere, perhaps in the middle of a query.
        self.broken_off = False
        self._may_be_stopped = False

    def install(self) -> None:
        """Set in the parent already: a signal between fork and start must not kill a horse."""
        signal.signal(NOT_YOURS, self._on_not_yours)
        signal.signal(DRAIN, self._on_drain)

    @property
    def draining(self) -> bool:
        return self.drain_since is not None

    def check(self, *, at_checkpoint: bool = False) -> None:
        """Stop here when the worker shuts down and this is a good place for it."""
        if self.drain_since is None:
            return
        waited = time.monotonic() - self.drain_since
        if at_checkpoint or waited > DRAIN_PATIENCE_S:
            raise StageHandedBack

    @contextmanager
    def holding(self, stage_id: int) -> Iterator[None]:
        """Say what this process works on, so that its parent can guard it."""
        # Python runs signal handlers in the main thread: only its stage can be stopped.
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        slate.current = stage_id
        try:
            yield
        finally:
            slate.current = 0

    @contextmanager
    def stoppable(self) -> Iterator[None]:
        """Within this the stage may be broken off at any instruction."""
        with self._may_stop(True):
            yield

    @contextmanager
    def unbreakable(self) -> Iterator[None]:
        """Within this it may not, and its parent is asked for patience."""
        with self._may_stop(False):
            slate.unbreakable = True
            try:
                yield
            finally:
                slate.unbreakable = False

    @contextmanager
    def _may_stop(self, it_may: bool) -> Iterator[None]:
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before, self._may_be_stopped = self._may_be_stopped, it_may
        try:
            yield
        finally:
            self._may_be_stopped = before

    def _on_not_yours(self, _signum: int, _frame: FrameType | None) -> None:
        # What cannot be broken off now is told again at the parent's next look.
        if self._may_be_stopped and slate.current == slate.unwanted:
            self.broken_off = True
            raise StageStopped

    def _on_drain(self, _signum: int, _frame: FrameType | None) -> None:
        self.drain_since = self.drain_since or time.monotonic()


flags = Flags()
slate = Slate()
