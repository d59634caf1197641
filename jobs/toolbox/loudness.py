"""Loudness by EBU R128 (ITU-R BS.1770-4): measuring, and bringing a mix to a target."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jobs.toolbox.audio import RATE_HZ, Samples, Sound, gained, resampled

# Where the video platforms play; louder is turned down there.
TARGET_LUFS = -14.0
CEILING_DBTP = -1.0

_SILENCE_LUFS = -70.0


@dataclass(frozen=True, kw_only=True)
class Loudness:
    integrated_lufs: float
    true_peak_dbtp: float


def measure(sound: Sound) -> Loudness:
    """Integrated loudness and true peak of a sound."""
    return Loudness(
        integrated_lufs=integrated_lufs(sound), true_peak_dbtp=true_peak_dbtp(sound)
    )


def integrated_lufs(sound: Sound) -> float:
    """Gated loudness of blocks of 400 ms, each overlapping the last by three quarters."""
    weighted = _k_weighted(resampled(sound, RATE_HZ).samples)
    hop = RATE_HZ // 10
    hops = len(weighted) // hop
    if hops < 4:
        return _SILENCE_LUFS
    # (hops, channels): mean square of each 100 ms
    steps = (weighted[: hops * hop] ** 2).reshape(hops, hop, -1).mean(axis=1)
    power = np.convolve(steps.sum(axis=1), np.ones(4) / 4, mode="valid")
    loud = power[_lufs(power) > _SILENCE_LUFS]
    if not len(loud):
        return _SILENCE_LUFS
    gate = float(_lufs(loud.mean())) - 10.0
    return float(_lufs(loud[_lufs(loud) > gate].mean()))


def true_peak_dbtp(sound: Sound) -> float:
    """The highest point of the wave between its samples, by four times oversampling."""
    from jobs.toolbox import filters

    if not len(sound.samples):
        return -120.0
    peak = filters.peaks(sound.samples).max()
    return 20 * float(np.log10(max(float(peak), 1e-6)))


def normalised(
    sound: Sound,
    *,
    target_lufs: float = TARGET_LUFS,
    ceiling_dbtp: float = CEILING_DBTP,
) -> Sound:
    """At the target loudness, its peaks held under the ceiling.

    The first pass measures and sets the gain; as holding peaks back costs a little
    loudness, further ones make up for it.
    """
    from jobs.toolbox import filters

    loudness = integrated_lufs(sound)
    if loudness <= _SILENCE_LUFS:
        return sound
    gain_db = target_lufs - loudness
    # Oversampling is the dear part, and a louder sound has the same peaks, louder.
    peaks = filters.peaks(sound.samples)
    result = _held_under(sound, peaks, gain_db=gain_db, ceiling_dbtp=ceiling_dbtp)
    for _ in range(3):
        missing_db = target_lufs - integrated_lufs(result)
        if abs(missing_db) < 0.05:
            break
        gain_db += missing_db
        result = _held_under(sound, peaks, gain_db=gain_db, ceiling_dbtp=ceiling_dbtp)
    return result


def limited(sound: Sound, *, ceiling_dbtp: float) -> Sound:
    """Peaks over the ceiling are turned down a few milliseconds ahead, never clipped."""
    from jobs.toolbox import filters

    return _held_under(
        sound, filters.peaks(sound.samples), gain_db=0.0, ceiling_dbtp=ceiling_dbtp
    )


def _held_under(
    sound: Sound, peaks: NDArray[np.float32], *, gain_db: float, ceiling_dbtp: float
) -> Sound:
    """The sound with a gain, and less of it around peaks that would pass the ceiling."""
    from scipy.ndimage import minimum_filter1d, uniform_filter1d

    ceiling = 10 ** ((ceiling_dbtp - gain_db) / 20)
    needed = np.minimum(1.0, ceiling / np.maximum(peaks, 1e-9))
    if needed.min() >= 1.0:
        return gained(sound, gain_db)
    window = 2 * (sound.rate_hz * 4 // 1000) + 1
    # A mean of a minimum of the same width never rises above the value at its centre.
    held = minimum_filter1d(needed, window, mode="nearest")
    gain = uniform_filter1d(held, window, mode="nearest") * 10 ** (gain_db / 20)
    samples = sound.samples * gain[:, None].astype(np.float32)
    return Sound(samples=samples, rate_hz=sound.rate_hz)


def _k_weighted(samples: Samples) -> NDArray[np.float64]:
    """Through the two filters of BS.1770, whose coefficients are those for 48 kHz."""
    from jobs.toolbox import filters

    shelf = [1.53512485958697, -2.69169618940638, 1.19839281085285]
    shelf += [1.0, -1.69065929318241, 0.73248077421585]
    high_pass = [1.0, -2.0, 1.0, 1.0, -1.99004745483398, 0.99007225036621]
    return filters.through_sections(samples, np.array([shelf, high_pass]))


def _lufs(power: NDArray[np.float64] | np.floating) -> NDArray[np.float64]:
    return np.asarray(-0.691 + 10 * np.log10(np.maximum(power, 1e-12)))
