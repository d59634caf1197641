"""How words sound that pocketsphinx' dictionary lacks: espeak-ng's sounds in its letters."""

from collections.abc import Sequence

from jobs.toolbox import espeak

# The signs of the International Phonetic Alphabet that espeak-ng writes for American
# English, in the sounds that the acoustic model knows. Marks of stress and length that
# stand alone say nothing to it.
_SOUNDS = {
    "tʃ": "CH", "dʒ": "JH", "aɪ": "AY", "aʊ": "AW", "eɪ": "EY", "oʊ": "OW",
    "ɔɪ": "OY", "iː": "IY", "uː": "UW", "ɑː": "AA", "ɔː": "AO", "oː": "AO",
    "ɜː": "ER", "n̩": "AH N", "p": "P", "b": "B", "t": "T", "d": "D", "k": "K",
    "ɡ": "G", "f": "F", "v": "V", "θ": "TH", "ð": "DH", "s": "S", "z": "Z",
    "ʃ": "SH", "ʒ": "ZH", "h": "HH", "m": "M", "n": "N", "ŋ": "NG", "l": "L",
    "ɹ": "R", "r": "R", "j": "Y", "w": "W", "ɾ": "T", "ʔ": "T", "i": "IY",
    "ɪ": "IH", "ᵻ": "IH", "ɛ": "EH", "æ": "AE", "ʌ": "AH", "ə": "AH", "ɐ": "AH",
    "ɚ": "ER", "ʊ": "UH", "u": "UW", "ɔ": "AO", "ɑ": "AA", "a": "AA", "o": "OW",
    "e": "EH", "ˈ": "", "ˌ": "", "ː": "", "ʲ": "", "̃": "",
}  # fmt: skip
_LONGEST_SIGN = max(map(len, _SOUNDS))


def sounds_of(words: Sequence[str]) -> dict[str, str]:
    """Each word's sounds, parted by spaces; without those that cannot be told."""
    if not words or not espeak.available():
        return {}
    try:
        written = espeak.phonemes(words, language="en-us")
    except espeak.EspeakError:
        # Words that nobody can pronounce here are just not expected.
        return {}
    told = {w: _translated(ipa) for w, ipa in zip(words, written, strict=True)}
    return {word: sounds for word, sounds in told.items() if sounds}


def _translated(ipa: str) -> str:
    sounds: list[str] = []
    at = 0
    while at < len(ipa):
        size = next(
            (n for n in range(_LONGEST_SIGN, 0, -1) if ipa[at : at + n] in _SOUNDS), 0
        )
        if not size:
            return ""
        sounds += _SOUNDS[ipa[at : at + size]].split()
        at += size
    return " ".join(sounds)
