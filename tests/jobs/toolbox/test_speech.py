from pathlib import Path

from jobs.toolbox import piper, speech


def test_the_packaged_voice_speaks_english_unless_it_is_put_aside() -> None:
    packaged = piper.packaged_voice()
    assert packaged is not None
    assert speech.local_speaker("Hello.").name == "piper"

    other = speech.local_speaker("Hello.", piper_voice=Path("none"))

    assert other.name in ("festival", "flite", "espeak-ng")
