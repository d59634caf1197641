"""The hot loop of the synthesiser: sums of sine waves that die away."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from jobs.toolbox.audio import RATE_HZ


@dataclass(frozen=True, kw_only=True)
class Partial:
    """One sine wave of a note; each second it fades by e to the power of its decay."""

    hertz: float
    weight: float = 1.0
    decay: float = 0.0
    phase: float = 0.0


def summed(partials: Sequence[Partial], frames: int) -> NDArray[np.float64]:
    """The wave that partials make together."""
    # What each of them turns and fades by from one sample to the next.
    step = [(2j * np.pi * one.hertz - one.decay) / RATE_HZ for one in partials]
    start = [one.weight * np.exp(1j * one.phase) for one in partials]
    wave = np.zeros(frames)
    _add_turning(wave, np.exp(np.array(step)), np.array(start, np.complex128))
    return wave


@njit(cache=True, nogil=True)
def _add_turning(
    wave: NDArray[np.float64],
    steps: NDArray[np.complex128],
    starts: NDArray[np.complex128],
) -> None:
    for k in range(len(steps)):
        turn_x, turn_y = steps[k].real, steps[k].imag
        x, y = starts[k].real, starts[k].imag
        for frame in range(len(wave)):
            wave[frame] += y
            x, y = x * turn_x - y * turn_y, x * turn_y + y * turn_x
