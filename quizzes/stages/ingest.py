"""Take a lesson in: look into it, make the copy that plays everywhere, and its pictures."""

from pathlib import Path

from django.conf import settings

from jobs.pipeline import OutputFile, StageResult, Workbench
from jobs.toolbox.probing import MediaFacts, probe
from quizzes.engines import pictures, waveform
from quizzes.engines.proxy import ProxyOrder, chosen_track, make_proxy
from quizzes.facts import MediaSummary, ProxyFacts
from quizzes.params import IngestParams


def look_into(bench: Workbench[IngestParams]) -> StageResult:
    """What the file holds; what cannot be read ends here, with a sentence that says why."""
    bench.report(0.1, "Looking into the file")
    facts = probe(bench.input_paths()[0])
    chosen_track(facts, bench.params.audio_track)
    return StageResult(facts=summary_of(facts), note=described(facts))


def summary_of(facts: MediaFacts) -> MediaSummary:
    video = facts.video
    return MediaSummary(
        duration=facts.duration_s,
        has_video=video is not None,
        has_audio=bool(facts.audio),
        width=video.width_px if video else 0,
        height=video.height_px if video else 0,
        fps=video.fps if video else 0.0,
        video_codec=video.codec if video else "",
        audio_codecs=tuple(track.codec for track in facts.audio),
        audio_languages=tuple(track.language for track in facts.audio),
        rotation=video.rotation if video else 0,
        variable_frame_rate=video.variable_frame_rate if video else False,
        subtitles=tuple(facts.subtitles),
    )


def described(facts: MediaFacts) -> str:
    parts = [f"{facts.duration_s:.0f} s"]
    if facts.video:
        video = facts.video
        parts.append(f"{video.codec} {video.width_px} x {video.height_px}")
        if video.rotation:
            parts.append(f"turned by {video.rotation}°")
        if video.variable_frame_rate:
            parts.append("variable frame rate")
    parts.append(f"{len(facts.audio)} audio track{'s' * (len(facts.audio) != 1)}")
    return ", ".join(parts)


def make_playable(bench: Workbench[IngestParams]) -> StageResult:
    """The proxy: streams copied where browsers take them, else encoded."""
    source = bench.input_paths()[0]
    facts = probe(source)
    order = ProxyOrder(
        height_px=int(bench.params.proxy_height),
        audio_track=bench.params.audio_track,
        container=settings.VIDEO_OUTPUT_FORMAT,
        threads=settings.FFMPEG_THREADS,
    )
    target = bench.workdir / order.filename
    bench.report(0.0, "Making the copy that plays everywhere")
    copied = make_proxy(
        source, facts, order, target, on_progress=bench.reporter(0.0, 0.98)
    )
    return StageResult(
        files=[OutputFile(path=target, role="proxy")],
        facts=ProxyFacts(copied=copied, filename=target.name),
        note="Streams copied as they are" if copied else "Encoded to H.264 and AAC",
    )


def make_pictures(bench: Workbench[IngestParams]) -> StageResult:
    """A poster, thumbnails, and a sprite sheet with its WebVTT."""
    video = proxy_of(bench)
    facts = probe(video)
    poster = bench.workdir / "poster.jpg"
    sheet, cues = bench.workdir / "sprite.jpg", bench.workdir / "sprite.vtt"
    bench.report(0.0, "Taking stills")
    sprite = pictures.make_sprite(
        video, facts.duration_s, on_progress=bench.reporter(0.0, 0.7)
    )
    sprite.write(sheet, cues, duration_s=facts.duration_s)
    bench.report(0.75, "Choosing a poster")
    stills = pictures.take_stills(video, facts.duration_s)
    pictures.save_jpeg(stills.poster, poster)
    thumbnails = [
        bench.workdir / f"thumbnail-{number + 1}.jpg"
        for number in range(len(stills.thumbnails))
    ]
    for pixels, path in zip(stills.thumbnails, thumbnails, strict=True):
        pictures.save_jpeg(pixels, path, quality=80)
    return StageResult(
        files=[
            OutputFile(path=poster, role="poster"),
            *(OutputFile(path=path, role="thumbnail") for path in thumbnails),
            OutputFile(path=sheet, role="sprite"),
            OutputFile(path=cues, role="sprite_vtt"),
        ],
        note=f"{sprite.count} stills for scrubbing",
    )


def make_waveform(bench: Workbench[IngestParams]) -> StageResult:
    sound = proxy_of(bench)
    duration_s = probe(sound).duration_s
    bench.report(0.1, "Drawing the sound")
    shape = waveform.peaks(sound, duration_s)
    data, drawing = bench.workdir / "waveform.json", bench.workdir / "waveform.png"
    waveform.write_json(shape, duration_s, data)
    waveform.draw(shape, drawing)
    return StageResult(
        files=[
            OutputFile(path=data, role="waveform"),
            OutputFile(path=drawing, role="waveform_image"),
        ]
    )


def proxy_of(bench: Workbench[IngestParams]) -> Path:
    return bench.files("proxy", "proxy")[0].path
