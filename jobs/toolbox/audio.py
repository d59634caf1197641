"""Sound as numpy arrays: WAV files, resampling, mixing, ducking, equalising, a room.

Samples are float32 between -1 and 1, shaped (frames, channels).
"""

import wave
from dataclasses import dataclass
from functools import reduce
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from jobs.errors import UnreadableMediaError
from jobs.toolbox import ffmpeg

Samples = NDArray[np.float32]

RATE_HZ = 48_000


@dataclass(frozen=True, kw_only=True)
class Sound:
    """Samples and how many of them make a second."""

    samples: Samples
    rate_hz: int = RATE_HZ

    @property
    def duration_s(self) -> float:
        return len(self.samples) / self.rate_hz

    @property
    def channels(self) -> int:
        return int(self.samples.shape[1])


@dataclass(frozen=True, kw_only=True)
class Band:
    """One band of an equaliser; `kind` is peak, low_shelf, high_shelf, low_cut, high_cut."""

    kind: str
    frequency_hz: float
    gain_db: float = 0.0
    q: float = 0.707


def read_wav(path: Path) -> Sound:
    """Read a 16-bit PCM WAV file."""
    try:
        with wave.open(str(path), "rb") as file:
            channels, width = file.getnchannels(), file.getsampwidth()
            rate_hz, frames = file.getframerate(), file.readframes(file.getnframes())
    except (wave.Error, EOFError) as error:
        raise UnreadableMediaError("This WAV file cannot be read.") from error
    if width != 2:
        raise UnreadableMediaError("Only WAV files of 16 bits a sample are read here.")
    whole = np.frombuffer(frames, dtype="<i2").astype(np.float32) / 32768.0
    return Sound(samples=whole.reshape(-1, channels), rate_hz=rate_hz)


def write_wav(path: Path, sound: Sound) -> Path:
    """Write a 16-bit PCM WAV file, dithered by one step so that fades stay smooth."""
    noise = np.random.default_rng(0)
    dither = noise.random(sound.samples.shape, dtype=np.float32)
    dither -= noise.random(sound.samples.shape, dtype=np.float32)
    steps = np.where(sound.samples == 0, 0, sound.samples * 32767.0 + dither)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(sound.channels)
        file.setsampwidth(2)
        file.setframerate(sound.rate_hz)
        file.writeframes(np.clip(np.rint(steps), -32768, 32767).astype("<i2").tobytes())
    return path


def read_any(path: Path, *, rate_hz: int = RATE_HZ, channels: int = 1) -> Sound:
    """Decode the sound of any media file."""
    form = ["-f", "f32le", "-ac", str(channels), "-ar", str(rate_hz), "pipe:1"]
    raw = ffmpeg.output(["-i", path, "-vn", *form])
    samples = np.frombuffer(raw, dtype="<f4").reshape(-1, channels)
    return Sound(samples=samples.copy(), rate_hz=rate_hz)


def resampled(sound: Sound, rate_hz: int) -> Sound:
    """The same sound at another rate, band-limited."""
    if sound.rate_hz == rate_hz:
        return sound
    from jobs.toolbox import filters

    common = int(np.gcd(sound.rate_hz, rate_hz))
    up, down = rate_hz // common, sound.rate_hz // common
    samples = filters.resample(sound.samples, up, down)
    return Sound(samples=samples, rate_hz=rate_hz)


def mono(samples: NDArray[np.floating], rate_hz: int) -> Sound:
    """A sound of one channel from a flat array."""
    return Sound(samples=samples.astype(np.float32).reshape(-1, 1), rate_hz=rate_hz)


def stereo(sound: Sound) -> Sound:
    """Two channels, whatever there were."""
    if sound.channels == 2:
        return sound
    return Sound(
        samples=np.repeat(sound.samples[:, :1], 2, axis=1), rate_hz=sound.rate_hz
    )


def silence(duration_s: float, *, rate_hz: int = RATE_HZ, channels: int = 1) -> Sound:
    frames = round(duration_s * rate_hz)
    return Sound(samples=np.zeros((frames, channels), np.float32), rate_hz=rate_hz)


def gained(sound: Sound, gain_db: float) -> Sound:
    factor = np.float32(10 ** (gain_db / 20))
    return Sound(samples=sound.samples * factor, rate_hz=sound.rate_hz)


def trimmed(sound: Sound, *, floor_db: float = -50.0, keep_s: float = 0.03) -> Sound:
    """Without the silence before and after, but for a breath of `keep_s`."""
    loud = np.abs(sound.samples).max(axis=1) > 10 ** (floor_db / 20)
    if not loud.any():
        return Sound(samples=sound.samples[:0], rate_hz=sound.rate_hz)
    keep = round(keep_s * sound.rate_hz)
    start = max(int(np.argmax(loud)) - keep, 0)
    end = min(len(loud) - int(np.argmax(loud[::-1])) + keep, len(loud))
    return Sound(samples=sound.samples[start:end], rate_hz=sound.rate_hz)


def faded(sound: Sound, *, in_s: float = 0.0, out_s: float = 0.0) -> Sound:
    """Raised-cosine fades at both ends."""
    samples = sound.samples.copy()
    for seconds, backwards in ((in_s, False), (out_s, True)):
        frames = min(round(seconds * sound.rate_hz), len(samples))
        if not frames:
            continue
        ramp = (0.5 - 0.5 * np.cos(np.linspace(0, np.pi, frames)))[:, None]
        if backwards:
            samples[-frames:] *= ramp[::-1].astype(np.float32)
        else:
            samples[:frames] *= ramp.astype(np.float32)
    return Sound(samples=samples, rate_hz=sound.rate_hz)


def lay(bed: Sound, piece: Sound, at_s: float) -> None:
    """Add a piece into a longer bed, in place; what hangs over the end is dropped."""
    start = round(at_s * bed.rate_hz)
    room = bed.samples[max(start, 0) : start + len(piece.samples)]
    room += piece.samples[max(-start, 0) :][: len(room)]


def mixed(*sounds: Sound) -> Sound:
    """The sum of sounds of one rate and width, as long as the longest."""
    longest = max(len(sound.samples) for sound in sounds)
    total = np.zeros((longest, sounds[0].channels), np.float32)
    for sound in sounds:
        total[: len(sound.samples)] += sound.samples
    return Sound(samples=total, rate_hz=sounds[0].rate_hz)


def equalised(sound: Sound, bands: tuple[Band, ...]) -> Sound:
    """Through second-order filters, one a band (the audio EQ cookbook's)."""
    from jobs.toolbox import filters

    sections = np.array([_section(band, sound.rate_hz) for band in bands])
    samples = filters.through_sections(sound.samples, sections).astype(np.float32)
    return Sound(samples=samples, rate_hz=sound.rate_hz)


def _section(band: Band, rate_hz: int) -> NDArray[np.float64]:
    """Coefficients b0 b1 b2 a0 a1 a2 of one band, normalised to a0 = 1."""
    w = 2 * np.pi * min(band.frequency_hz / rate_hz, 0.49)
    cos, alpha = np.cos(w), np.sin(w) / (2 * band.q)
    a = 10 ** (band.gain_db / 40)
    if band.kind == "peak":
        top = [1 + alpha * a, -2 * cos, 1 - alpha * a]
        bottom = [1 + alpha / a, -2 * cos, 1 - alpha / a]
    elif band.kind == "low_cut":
        top = [(1 + cos) / 2, -(1 + cos), (1 + cos) / 2]
        bottom = [1 + alpha, -2 * cos, 1 - alpha]
    elif band.kind == "high_cut":
        top = [(1 - cos) / 2, 1 - cos, (1 - cos) / 2]
        bottom = [1 + alpha, -2 * cos, 1 - alpha]
    else:
        # Both shelves are one formula, mirrored by the sign of the cosine's terms.
        s = 1.0 if band.kind == "low_shelf" else -1.0
        root = 2 * np.sqrt(a) * alpha
        top = [
            a * ((a + 1) - s * (a - 1) * cos + root),
            s * 2 * a * ((a - 1) - s * (a + 1) * cos),
            a * ((a + 1) - s * (a - 1) * cos - root),
        ]
        bottom = [
            (a + 1) + s * (a - 1) * cos + root,
            -s * 2 * ((a - 1) + s * (a + 1) * cos),
            (a + 1) + s * (a - 1) * cos - root,
        ]
    section: NDArray[np.float64] = np.array([*top, *bottom]) / bottom[0]
    return section


def levelled(sound: Sound, *, threshold_db: float, ratio: float) -> Sound:
    """A gentle compressor: what is louder than the threshold is held back."""
    level = _envelope_db(sound, attack_s=0.005, release_s=0.12)
    over = np.maximum(level - threshold_db, 0.0)
    gain = 10 ** (-over * (1 - 1 / ratio) / 20)
    return Sound(
        samples=sound.samples * gain[:, None].astype(np.float32), rate_hz=sound.rate_hz
    )


def ducked(
    bed: Sound,
    voice: Sound,
    *,
    depth_db: float,
    lead_s: float = 0.12,
    hold_s: float = 0.35,
) -> Sound:
    """The bed, lowered by `depth_db` shortly before the voice speaks and while it does."""
    gain_db = -depth_db * presence(
        voice, len(bed.samples), lead_s=lead_s, hold_s=hold_s
    )
    gain = (10 ** (gain_db / 20)).astype(np.float32)
    return Sound(samples=bed.samples * gain[:, None], rate_hz=bed.rate_hz)


def presence(
    voice: Sound, frames: int, *, lead_s: float, hold_s: float, floor_db: float = -45.0
) -> NDArray[np.float64]:
    """1 where the voice speaks (and a little around it), 0 elsewhere, smoothly."""
    from scipy.ndimage import maximum_filter1d, uniform_filter1d

    hop = voice.rate_hz // 200
    power = np.zeros(frames // hop + 1)
    loud = (voice.samples[: len(power) * hop] ** 2).mean(axis=1)
    hops = len(loud) // hop
    power[:hops] = loud[: hops * hop].reshape(-1, hop).mean(axis=1)
    speaks = (power > 10 ** (floor_db / 10)).astype(float)
    lead, hold = round(lead_s * 200), round(hold_s * 200)
    # The window looks `lead` ahead and `hold` back of each point.
    size = lead + hold + 1
    wide = maximum_filter1d(speaks, size, origin=(hold - lead) // 2, mode="constant")
    smooth = uniform_filter1d(wide, max(lead, 1), mode="nearest")
    at = np.arange(frames) / hop
    return np.asarray(np.interp(at, np.arange(len(smooth)), smooth))


def _envelope_db(
    sound: Sound, *, attack_s: float, release_s: float
) -> NDArray[np.float64]:
    """The level of a sound in dB, a value a frame, fast up and slow down."""
    hop = max(sound.rate_hz // 1000, 1)
    # A maximum along so short an axis takes ten times as long as one of whole channels.
    loudest = reduce(np.maximum, np.abs(sound.samples).T)
    count = -(-len(loudest) // hop)
    peaks = np.zeros(count * hop)
    peaks[: len(loudest)] = loudest
    level = peaks.reshape(-1, hop).max(axis=1)
    up = float(np.exp(-hop / (attack_s * sound.rate_hz)))
    down = float(np.exp(-hop / (release_s * sound.rate_hz)))
    held, followed = 0.0, np.empty(count)
    for index, value in enumerate(level):
        share = up if value > held else down
        held = value + (held - value) * share
        followed[index] = held
    at = np.arange(len(loudest)) / hop
    decibels = 20 * np.log10(np.maximum(followed, 1e-6))
    return np.asarray(np.interp(at, np.arange(count), decibels))


def in_room(sound: Sound, *, wet: float, decay_s: float = 0.35, seed: int = 7) -> Sound:
    """In a small, soft room: early echoes and a short tail that darkens as it fades."""
    from jobs.toolbox import filters

    rng = np.random.default_rng(seed)
    frames = round(decay_s * sound.rate_hz)
    time = np.arange(frames) / sound.rate_hz
    tail = rng.standard_normal(frames) * np.exp(-6.9 * time / decay_s)
    tail = filters.through_sections(tail[:, None], filters.one_pole(0.35))[:, 0]
    tail[: round(0.012 * sound.rate_hz)] = 0
    for delay_s, strength in ((0.007, 0.7), (0.013, 0.5), (0.019, 0.4), (0.029, 0.3)):
        tail[round(delay_s * sound.rate_hz)] += strength * 4
    tail /= np.sqrt((tail**2).sum())
    echo = np.stack([filters.echoed(ear, tail) for ear in sound.samples.T], axis=1)
    echo[: len(sound.samples)] = (
        sound.samples * (1 - wet / 2) + wet * echo[: len(sound.samples)]
    )
    echo[len(sound.samples) :] *= wet
    return Sound(samples=echo, rate_hz=sound.rate_hz)


def rms_db(samples: Samples) -> float:
    """Mean level in dB of full scale; silence reads -120."""
    if not samples.size:
        return -120.0
    power = float((samples.astype(np.float64) ** 2).mean())
    return 10 * float(np.log10(max(power, 1e-12)))
