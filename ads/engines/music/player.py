"""Who plays the score: fluidsynth with a sound font where installed, else our own."""

import shutil
import struct
import subprocess
import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from ads.engines.music import synthesiser
from ads.engines.music.score import DRUMS, Note, Part
from ads.timing import Beat
from jobs.errors import EngineFailedError
from jobs.toolbox import audio
from jobs.toolbox.audio import Sound

_FONT_FOLDERS = (Path("/usr/share/sounds/sf2"), Path("/usr/share/soundfonts"))
_TICKS = 480
# General MIDI programs, and the notes of its drum kit.
_PROGRAMS = {
    Part.PAD: 89,
    Part.KEYS: 0,
    Part.PLUCK: 46,
    Part.BASS: 33,
    Part.LEAD: 81,
    Part.BELL: 9,
}
_KIT = {
    Part.KICK: 36,
    Part.SNARE: 38,
    Part.CLAP: 39,
    Part.HAT: 42,
    Part.SHAKER: 70,
    Part.CRASH: 49,
}
_DRUM_CHANNEL = 9


def play(notes: Sequence[Note], beat: Beat, *, duration_s: float) -> tuple[Sound, str]:
    """The score as sound, and the name of its player."""
    font = sound_font()
    if font is None:
        return synthesiser.play(notes, beat, duration_s=duration_s), "own synthesiser"
    played = _by_fluidsynth(notes, beat, font)
    bed = audio.silence(duration_s, channels=2)
    audio.lay(bed, audio.stereo(played), 0.0)
    return audio.faded(bed, in_s=0.02, out_s=min(1.2, duration_s / 6)), "fluidsynth"


@cache
def sound_font() -> Path | None:
    """A sound font that can be played here."""
    if shutil.which("fluidsynth") is None:
        return None
    fonts = [f for folder in _FONT_FOLDERS for f in sorted(folder.glob("*.sf[23]"))]
    return next(iter(sorted(fonts, key=lambda f: -f.stat().st_size)), None)


def _by_fluidsynth(notes: Sequence[Note], beat: Beat, font: Path) -> Sound:
    with tempfile.TemporaryDirectory() as folder:
        score, wav = Path(folder) / "score.mid", Path(folder) / "bed.wav"
        score.write_bytes(midi_file(notes, beat))
        command = ["fluidsynth", "-ni", "-g", "0.6", "-r", str(audio.RATE_HZ)]
        command += ["-O", "s16", "-F", str(wav), str(font), str(score)]
        try:
            subprocess.run(command, check=True, capture_output=True, timeout=180)
        except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
            raise EngineFailedError("fluidsynth", str(error)) from error
        return audio.read_wav(wav)


def midi_file(notes: Sequence[Note], beat: Beat) -> bytes:
    """A standard MIDI file of one track."""
    events: list[tuple[int, int, bytes]] = []
    channels = {part: place for place, part in enumerate(_PROGRAMS)}
    for part, channel in channels.items():
        events.append((0, 0, bytes([0xC0 | channel, _PROGRAMS[part]])))
    for note in notes:
        drum = note.part in DRUMS
        channel = _DRUM_CHANNEL if drum else channels[note.part]
        pitch = _KIT[note.part] if drum else note.pitch
        start = round(note.beat * _TICKS)
        end = start + max(round(note.beats * _TICKS), 1)
        strength = max(min(round(note.velocity * 115), 127), 1)
        events.append((start, 2, bytes([0x90 | channel, pitch, strength])))
        events.append((end, 1, bytes([0x80 | channel, pitch, 0])))
    tempo = round(beat.seconds * 1_000_000)
    track = bytearray(b"\x00\xff\x51\x03" + struct.pack(">I", tempo)[1:])
    clock = 0
    # At one moment notes end before others begin.
    for tick, _, message in sorted(events, key=lambda event: event[:2]):
        track += _length(tick - clock) + message
        clock = tick
    track += b"\x00\xff\x2f\x00"
    head = b"MThd" + struct.pack(">IHHH", 6, 0, 1, _TICKS)
    return head + b"MTrk" + struct.pack(">I", len(track)) + bytes(track)


def _length(ticks: int) -> bytes:
    """A number as MIDI writes it, seven bits a byte."""
    written = [ticks & 0x7F]
    while ticks := ticks >> 7:
        written.append(ticks & 0x7F | 0x80)
    return bytes(reversed(written))
