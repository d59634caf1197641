"""Filters for sound: second-order sections, resampling, echoes, peaks between samples.

SciPy has all but the last; importing the part of it that does takes longer than most
sounds do here.
"""

from functools import cache

import numpy as np
from numba import njit
from numpy.typing import NDArray

Samples = NDArray[np.float32]  # (frames, channels)
Sections = NDArray[np.float64]  # (sections, 6): b0 b1 b2 a0 a1 a2, with a0 = 1

# Periods of the slower rate that a resampling filter reaches to either side, and how
# steep its window is: 60 dB down where the other rate's images begin.
_REACH = 10
_STEEPNESS = 5.0
# How much finer than its samples a wave is looked at for its peaks (BS.1770-4 asks for
# four times), and how many samples are worked on at a time: they stay in the cache.
_FINER = 4
_BLOCK = 4096


def through_sections(
    samples: NDArray[np.floating], sections: Sections
) -> NDArray[np.float64]:
    """Samples (frames, channels) through filters, one after the other."""
    return _through_sections(np.ascontiguousarray(samples, np.float32), sections)


@njit(cache=True, nogil=True)
def _through_sections(samples: Samples, sections: Sections) -> NDArray[np.float64]:
    frames, channels = samples.shape
    filtered = np.empty((frames, channels), np.float64)
    count = len(sections)
    first, second = np.zeros(count), np.zeros(count)
    for channel in range(channels):
        first[:] = 0.0
        second[:] = 0.0
        for frame in range(frames):
            value = np.float64(samples[frame, channel])
            # Direct form II, transposed.
            for k in range(count):
                given = value
                value = sections[k, 0] * given + first[k]
                first[k] = sections[k, 1] * given - sections[k, 4] * value + second[k]
                second[k] = sections[k, 2] * given - sections[k, 5] * value
            filtered[frame, channel] = value
    return filtered


def one_pole(share: float) -> Sections:
    """A soft low pass: each sample moves by a share towards what comes."""
    return np.array([[share, 0.0, 0.0, 1.0, share - 1.0, 0.0]])


def resample(samples: Samples, up: int, down: int) -> Samples:
    """`up` samples for every `down`, band-limited; rates share no factor."""
    filled = np.ascontiguousarray(samples, np.float32)
    return _resample(filled, _phases(up, down), up, down)


@njit(cache=True, nogil=True)
def _resample(
    samples: Samples, phases: NDArray[np.float64], up: int, down: int
) -> Samples:
    frames, channels = samples.shape
    taps = phases.shape[1]
    made = np.empty((-(-frames * up // down), channels), np.float32)
    for place in range(len(made)):
        at = place * down
        weights = phases[at % up]
        # The phases reach half of their taps back.
        start = at // up - (taps - 1) // 2
        first, last = max(0, -start), min(taps, frames - start)
        for channel in range(channels):
            total = 0.0
            for tap in range(first, last):
                total += weights[tap] * samples[start + tap, channel]
            made[place, channel] = total
    return made


@cache
def _phases(up: int, down: int) -> NDArray[np.float64]:
    """The windowed sinc, taken apart: a row of weights for each place between samples."""
    slower = max(up, down)
    half = _REACH * slower
    at = np.arange(-half, half + 1)
    low_pass = np.sinc(at / slower) * np.kaiser(2 * half + 1, _STEEPNESS)
    low_pass *= up / low_pass.sum()
    # (phases, taps): the weight of the sample that lies `tap - reach` from the place
    reach = half // up + 1
    offsets = np.arange(up)[:, None] - np.arange(-reach, reach + 1) * up
    inside = np.abs(offsets) <= half
    return np.where(inside, low_pass[np.clip(offsets + half, 0, 2 * half)], 0.0)


def peaks(samples: Samples) -> Samples:
    """The highest point of the wave from each sample to the next, in any channel."""
    highest = np.zeros(len(samples), np.float32)
    phases = _phases(_FINER, 1).astype(np.float32)
    reach = (phases.shape[1] - 1) // 2
    for channel in range(samples.shape[1]):
        padded = np.pad(np.asarray(samples[:, channel], np.float32), reach)
        _raise_to_peaks(padded, phases, highest)
    return highest


@njit(cache=True, nogil=True)
def _raise_to_peaks(padded: Samples, phases: Samples, highest: Samples) -> None:
    frames = len(highest)
    wave = np.empty(_BLOCK, np.float32)
    for start in range(0, frames, _BLOCK):
        size = min(_BLOCK, frames - start)
        for phase in range(len(phases)):
            wave[:size] = 0
            # One weight for a whole block at a time: such loops become vectors.
            for tap in range(phases.shape[1]):
                weight = phases[phase, tap]
                for i in range(size):
                    wave[i] += weight * padded[start + tap + i]
            for i in range(size):
                highest[start + i] = max(highest[start + i], abs(wave[i]))


def echoed(wave: NDArray[np.floating], tail: NDArray[np.floating]) -> Samples:
    """A flat wave convolved with a tail, as long as both together."""
    length = len(wave) + len(tail) - 1
    size = _quick_length(length)
    spectrum = np.fft.rfft(np.asarray(wave, np.float32), size)
    spectrum *= np.fft.rfft(np.asarray(tail, np.float32), size)
    return np.asarray(np.fft.irfft(spectrum, size)[:length], np.float32)


def _quick_length(least: int) -> int:
    """The next length that has no prime factor but 2, 3 and 5."""
    best = 1 << (least - 1).bit_length()
    for fives in range(4):
        for threes in range(5):
            odd = 5**fives * 3**threes
            rest = -(-least // odd)
            best = min(best, odd << max(rest - 1, 0).bit_length())
    return best
