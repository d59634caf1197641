"""Voice and music together: the bed ducked under the voice, the mix at its loudness."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ads.engines.music import player
from ads.engines.music.score import compose
from ads.styles import Style
from ads.timing import Beat, Span
from jobs.toolbox import audio, loudness
from jobs.toolbox.audio import RATE_HZ, Sound

# How far the bed lies under the voice while it speaks.
_UNDER_DB = 15.0
# AAC rounds peaks upwards, mostly by less than this leaves.
CEILING_DBTP = -2.0


@dataclass(frozen=True, kw_only=True)
class PlacedVoice:
    """A voiceover and when it starts."""

    sound: Sound
    start_s: float
    # When its last word ends; the room rings on a little longer.
    end_s: float


@dataclass(frozen=True, kw_only=True)
class Soundtrack:
    """The mix before its peaks are held, and the stems that it is the sum of."""

    mix: Sound
    voice: Sound
    music: Sound
    player: str


def make_soundtrack(
    voices: Sequence[PlacedVoice],
    style: Style,
    spans: Sequence[Span],
    beat: Beat,
    *,
    seed: int,
    duration_s: float,
) -> Soundtrack:
    """The sound of a whole ad."""
    voice = audio.silence(duration_s, channels=2)
    for placed in voices:
        audio.lay(voice, audio.stereo(placed.sound), placed.start_s)
    cuts = tuple(span.start_s / beat.seconds for span in spans)
    notes = compose(style.name, beat, seed=seed, cuts=cuts)
    played, played_by = player.play(notes, beat, duration_s=duration_s)
    level = loudness.integrated_lufs(played)
    bed = audio.gained(played, style.music_lufs - level) if level > -70 else played
    ducked = _under(bed, voice, voices)
    mix = audio.mixed(voice, ducked)
    gain_db = loudness.TARGET_LUFS - loudness.integrated_lufs(mix)
    return Soundtrack(
        mix=_exactly(mix, duration_s),
        voice=_exactly(audio.gained(voice, gain_db), duration_s),
        music=_exactly(audio.gained(ducked, gain_db), duration_s),
        player=played_by,
    )


def mastered(mix: Sound, *, ceiling_dbtp: float) -> Sound:
    """The mix at the platforms' loudness, its peaks held under a ceiling."""
    return loudness.normalised(mix, ceiling_dbtp=ceiling_dbtp)


def _under(bed: Sound, voice: Sound, voices: Sequence[PlacedVoice]) -> Sound:
    """The bed, lowered as far as it takes to lie well under each line that is spoken."""
    if not voices:
        return bed
    depth = 0.0
    for placed in voices:
        window = slice(round(placed.start_s * RATE_HZ), round(placed.end_s * RATE_HZ))
        speech = audio.rms_db(voice.samples[window])
        depth = max(depth, _UNDER_DB - speech + audio.rms_db(bed.samples[window]))
    return audio.ducked(bed, voice, depth_db=max(depth, 0.0), lead_s=0.25, hold_s=0.5)


def _exactly(sound: Sound, duration_s: float) -> Sound:
    frames = round(duration_s * RATE_HZ)
    missing = max(frames - len(sound.samples), 0)
    samples = np.pad(sound.samples[:frames], ((0, missing), (0, 0)))
    return Sound(samples=samples, rate_hz=sound.rate_hz)
