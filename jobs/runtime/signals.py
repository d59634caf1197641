"""How a work horse hears that it should stop: flags that its stages look at."""

import signal
import threading
import time
from types import FrameType

# The parent's words to its horse.
NOT_YOURS = signal.SIGUSR1
DRAIN = signal.SIGUSR2
# A draining horse may finish what ends this soon.
DRAIN_PATIENCE_S = 3.0


class StageStopped(BaseException):
    """The stage is no longer this horse's; not an Exception, so that no stage swallows it."""


class StageHandedBack(BaseException):
    """The worker shuts down; the stage goes on elsewhere."""


class Flags:
    """What the horse has been told."""

    def __init__(self) -> None:
        self.drain_since: float | None = None
        self._in_stage = False

    def install(self) -> None:
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

    def __enter__(self) -> None:
        # Python runs signal handlers in the main thread: only its stage can be stopped so.
        if threading.current_thread() is threading.main_thread():
            self._in_stage = True

    def __exit__(self, *_: object) -> None:
        if threading.current_thread() is threading.main_thread():
            self._in_stage = False

    def _on_not_yours(self, _signum: int, _frame: FrameType | None) -> None:
        # Between stages, and while results are written, the rows themselves say no.
        if self._in_stage:
            raise StageStopped

    def _on_drain(self, _signum: int, _frame: FrameType | None) -> None:
        self.drain_since = time.monotonic()


flags = Flags()
