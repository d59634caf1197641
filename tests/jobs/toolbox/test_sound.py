from pathlib import Path

import numpy as np
import pytest

from jobs.toolbox import audio, loudness, speech
from jobs.toolbox.audio import Sound
from jobs.toolbox.speech import Delivery, EspeakSpeaker


def tone(frequency_hz: float, seconds: float, level: float) -> Sound:
    time = np.arange(round(seconds * audio.RATE_HZ)) / audio.RATE_HZ
    wave = np.sin(2 * np.pi * frequency_hz * time) * level
    return audio.stereo(audio.mono(wave, audio.RATE_HZ))


def test_the_reference_tone_reads_as_the_standard_says() -> None:
    # BS.1770: 997 Hz at full scale in one channel of two reads -3.01 LUFS.
    sound = tone(997, 4, 1.0)
    sound.samples[:, 1] = 0

    assert loudness.integrated_lufs(sound) == pytest.approx(-3.01, abs=0.05)


def test_normalising_meets_target_and_ceiling() -> None:
    sound = tone(400, 4, 0.05)
    sound.samples[::9600] = 0.9

    measured = loudness.measure(loudness.normalised(sound, ceiling_dbtp=-1.5))

    assert measured.integrated_lufs == pytest.approx(-14, abs=0.3)
    assert measured.true_peak_dbtp <= -1.4


def test_a_wav_file_keeps_its_samples(tmp_path: Path) -> None:
    sound = tone(440, 0.2, 0.5)

    back = audio.read_wav(audio.write_wav(tmp_path / "a.wav", sound))

    assert np.abs(back.samples - sound.samples).max() < 1e-4


def test_a_bed_is_lowered_while_the_voice_speaks() -> None:
    bed = tone(200, 6, 0.3)
    voice = audio.silence(6)
    audio.lay(voice, audio.mono(tone(300, 1, 0.5).samples[:, 0], audio.RATE_HZ), 2.0)

    ducked = audio.ducked(bed, voice, depth_db=12)

    speaking = audio.rms_db(ducked.samples[100_000:140_000])
    alone = audio.rms_db(ducked.samples[:48_000])
    assert alone - speaking == pytest.approx(12, abs=0.5)


def test_speech_comes_with_the_time_of_every_word() -> None:
    spoken = speech.speak("Hello there. All is well!", EspeakSpeaker(), Delivery())

    assert [w.text for w in spoken.words] == ["Hello", "there.", "All", "is", "well!"]
    assert all(
        a.end_s <= b.start_s + 1e-6
        for a, b in zip(spoken.words, spoken.words[1:], strict=False)
    )
    assert spoken.words[-1].end_s <= spoken.sound.duration_s + 0.01


def test_the_language_is_told_by_the_script() -> None:
    assert speech.language_of("مرحبا") == "ar"
    assert speech.language_of("你好") == "cmn"
    assert speech.language_of("Hello 你") == "en-us"
