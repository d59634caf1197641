import numpy as np
from scipy import signal

from jobs.toolbox import filters

NOISE = np.random.default_rng(3).standard_normal((6_000, 2)).astype(np.float32)


def test_resampling_keeps_what_the_other_rate_can_hold() -> None:
    for up, down in ((320, 147), (4, 1), (1, 2), (147, 160)):
        expected = signal.resample_poly(NOISE, up, down, axis=0)

        assert np.allclose(filters.resample(NOISE, up, down), expected, atol=1e-5)


def test_sections_filter_as_scipys_do() -> None:
    sections = signal.butter(4, 1000, "highpass", fs=48_000, output="sos")

    heard = filters.through_sections(NOISE, sections)

    assert np.allclose(heard, signal.sosfilt(sections, NOISE, axis=0), atol=1e-6)


def test_peaks_between_samples_are_found() -> None:
    # Sampled a quarter turn off its crests, a wave at a quarter of the rate looks low.
    at = np.arange(400) * np.pi / 2 + np.pi / 4
    wave = np.sin(at).astype(np.float32)[:, None]

    peaks = filters.peaks(wave)

    assert abs(wave).max() < 0.71
    assert 0.98 < peaks[50:-50].max() < 1.02


def test_an_echo_is_a_convolution() -> None:
    tail = np.exp(-np.arange(500) / 90)

    heard = filters.echoed(NOISE[:, 0], tail)

    assert np.allclose(heard, signal.fftconvolve(NOISE[:, 0], tail), atol=1e-4)
