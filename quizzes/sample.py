"""A lesson made on the spot: drawn slides, spoken by a local voice, subtitles inside."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from jobs.toolbox import audio, captions, ffmpeg, speech
from jobs.toolbox.captions import TimedWord
from jobs.toolbox.fonts import Typeface, font, wrapped
from jobs.toolbox.speech import Delivery, Spoken

SIZE_PX = (1280, 720)
_FPS = 10
_PAUSE_S = 0.9
_BOLD = Typeface(family="Inter", weight=700)
_PLAIN = Typeface(family="Inter", weight=400)
_INK, _SOFT, _PAPER = (24, 32, 48), (92, 104, 124), (250, 250, 247)
_ACCENTS = ((46, 125, 80), (38, 98, 166), (176, 92, 36), (120, 70, 150))


@dataclass(frozen=True, kw_only=True)
class Slide:
    title: str
    bullets: tuple[str, ...]
    narration: str


LESSON = (
    Slide(
        title="How plants make food",
        bullets=("A short lesson on photosynthesis",),
        narration=(
            "Welcome to this short lesson on photosynthesis. Photosynthesis is the "
            "process by which green plants turn light, water and carbon dioxide into "
            "sugar and oxygen. Almost every food chain on land begins with it."
        ),
    ),
    Slide(
        title="Where it happens",
        bullets=("Chloroplasts", "Chlorophyll absorbs light", "Stomata let gases in"),
        narration=(
            "Photosynthesis takes place inside chloroplasts. A chloroplast is a small "
            "green organelle found in the cells of leaves. Chloroplasts contain "
            "chlorophyll. Chlorophyll is a pigment that absorbs red and blue light and "
            "reflects green light. Leaves look green because chlorophyll reflects green "
            "light. Carbon dioxide enters the leaf through tiny pores called stomata."
        ),
    ),
    Slide(
        title="Two stages",
        bullets=("Light reactions", "Calvin cycle"),
        narration=(
            "Photosynthesis has two stages, the light reactions and the Calvin cycle. "
            "First, chlorophyll captures energy from sunlight in the thylakoid membranes. "
            "Then, the light reactions split water molecules and release oxygen. Finally, "
            "the Calvin cycle builds sugar in the stroma. The Calvin cycle does not need "
            "light directly, but it depends on the products of the light reactions."
        ),
    ),
    Slide(
        title="The energy carriers",
        bullets=("ATP stores energy", "NADPH carries electrons"),
        narration=(
            "Two molecules carry energy between the stages. ATP is a molecule that "
            "stores energy for the cell. NADPH is a molecule that carries electrons "
            "to the Calvin cycle. The enzyme rubisco fixes carbon dioxide at the start "
            "of the Calvin cycle. Rubisco is the most common protein on Earth."
        ),
    ),
    Slide(
        title="What limits the rate",
        bullets=("Light", "Carbon dioxide", "Temperature"),
        narration=(
            "Three factors limit the rate of photosynthesis: light, carbon dioxide and "
            "temperature. If a plant gets more light, the rate rises until another "
            "factor becomes limiting. High temperatures slow photosynthesis because "
            "enzymes lose their shape above forty degrees. On hot days the stomata "
            "close, which prevents water loss but also reduces the supply of carbon "
            "dioxide."
        ),
    ),
    Slide(
        title="Summary",
        bullets=("Light becomes sugar", "Water gives oxygen", "Leaves do the work"),
        narration=(
            "Let us sum up. Plants store the energy of light in sugar. The oxygen that "
            "we breathe comes from water molecules. Cellular respiration is the process "
            "that releases the energy of sugar again. Thank you for watching."
        ),
    ),
)


def make_sample(folder: Path) -> list[Path]:
    """The lesson as an MP4 with its subtitles as a track."""
    return [make_lesson(LESSON, folder / "how-plants-make-food.mp4")]


def make_lesson(
    slides: Sequence[Slide], target: Path, *, subtitles: bool = True
) -> Path:
    """Slides shown while they are spoken; the words' times come from the voice."""
    voice = speech.local_speaker(slides[0].narration)
    spoken = [
        speech.speak(slide.narration, voice, Delivery(pace=0.95, pause_s=0.35))
        for slide in slides
    ]
    whole = speech.joined(spoken, pause_s=_PAUSE_S)
    work = target.parent
    sound = audio.write_wav(work / f"{target.stem}.wav", whole.sound)
    srt = work / f"{target.stem}.srt"
    srt.write_text(captions.to_srt(_cues(whole.words)), encoding="utf-8")
    inputs: list[str | Path] = [
        *("-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{SIZE_PX[0]}x{SIZE_PX[1]}"),
        *("-r", str(_FPS), "-i", "pipe:0", "-i", sound),
    ]
    tracks: list[str | Path] = ["-map", "0:v", "-map", "1:a"]
    if subtitles:
        inputs += ["-i", srt]
        tracks += ["-map", "2:s", "-c:s", "mov_text", "-metadata:s:s:0", "language=eng"]
    coding = ["-c:v", "libx264", "-preset", "veryfast", "-tune", "stillimage"]
    coding += ["-pix_fmt", "yuv420p", "-g", str(2 * _FPS), "-c:a", "aac", "-ac", "2"]
    coding += ["-ar", "48000", "-movflags", "+faststart"]
    with ffmpeg.writing([*inputs, *tracks, *coding, target]) as pipe:
        for number, (slide, voiced) in enumerate(zip(slides, spoken, strict=True)):
            _show(pipe, slide, number, voiced, last=number == len(slides) - 1)
    sound.unlink()
    srt.unlink()
    return target


def _cues(words: Sequence[TimedWord]) -> list[captions.Cue]:
    """One cue a sentence: what a teacher's own subtitles look like."""
    cues: list[captions.Cue] = []
    sentence: list[TimedWord] = []
    for word in words:
        sentence.append(word)
        if word.text.endswith((".", "?", "!")):
            cues.append(
                captions.Cue(
                    start_s=sentence[0].start_s,
                    end_s=sentence[-1].end_s,
                    lines=(" ".join(w.text for w in sentence),),
                )
            )
            sentence = []
    return cues


def _show(pipe, slide: Slide, number: int, voiced: Spoken, *, last: bool) -> None:  # type: ignore[no-untyped-def]
    """Frames of one slide, its bullets appearing one by one while it is spoken."""
    seconds = voiced.sound.duration_s + (0 if last else _PAUSE_S)
    frames = round(seconds * _FPS)
    drawn = [
        draw_slide(slide, number, shown=count).tobytes()
        for count in range(1, len(slide.bullets) + 1)
    ]
    for frame in range(frames):
        pipe.write(
            drawn[min(frame * len(drawn) // max(frames * 2 // 3, 1), len(drawn) - 1)]
        )


def draw_slide(slide: Slide, number: int, *, shown: int) -> np.ndarray:
    width, height = SIZE_PX
    accent = _ACCENTS[number % len(_ACCENTS)]
    image = Image.new("RGB", SIZE_PX, _PAPER)
    pen = ImageDraw.Draw(image)
    pen.rectangle((0, 0, 18, height), fill=accent)
    pen.text((90, 90), slide.title, font=font(_BOLD, 64), fill=_INK)
    pen.rectangle((92, 182, 92 + 120, 188), fill=accent)
    top = 250
    for bullet in slide.bullets[:shown]:
        pen.ellipse((96, top + 14, 112, top + 30), fill=accent)
        for line in wrapped(bullet, _PLAIN, 40, max_width_px=width - 560):
            pen.text((136, top), line, font=font(_PLAIN, 40), fill=_INK)
            top += 58
        top += 22
    _draw_figure(pen, number, accent)
    pen.text(
        (90, height - 60), "How plants make food", font=font(_PLAIN, 22), fill=_SOFT
    )
    pen.text(
        (width - 110, height - 60), str(number + 1), font=font(_PLAIN, 22), fill=_SOFT
    )
    return np.asarray(image)


def _draw_figure(
    pen: ImageDraw.ImageDraw, number: int, accent: tuple[int, int, int]
) -> None:
    """A leaf whose veins grow from slide to slide: something to look at."""
    left, top, right, bottom = 860, 220, 1180, 560
    pale = tuple(int(channel + (255 - channel) * 0.72) for channel in accent)
    pen.ellipse((left, top, right, bottom), fill=pale, outline=accent, width=6)
    middle = (top + bottom) // 2
    pen.line((left - 40, middle, right - 20, middle), fill=accent, width=8)
    for vein in range(number + 1):
        x = left + 40 + vein * 42
        pen.line((x, middle, x + 50, middle - 80), fill=accent, width=5)
        pen.line((x, middle, x + 50, middle + 80), fill=accent, width=5)
