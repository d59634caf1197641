"""An ad as it is seen: the product, the cuts, the movement, the contrast of text."""

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ads import stages
from ads.engines.stage.layout import safe_area
from ads.engines.stage.palette import contrast
from ads.engines.stage.scene import SceneRenderer
from ads.engines.stage.sprites import premultiplied
from ads.styles import Aspect, StyleName, style_of
from ads.timing import FPS, Span
from benchmarks.ads_made import Made
from benchmarks.ads_report import Report
from jobs.toolbox import ffmpeg

Frames = NDArray[np.uint8]  # (frames, height, width, 3), small
_SMALL = 320


def check_captions_seen(report: Report, made: Made, aspect: Aspect) -> None:
    """Where captions change the picture, and whether they can be read there."""
    safe = safe_area(aspect, aspect.size_px)
    inside, scenes, worst = True, set(), 21.0
    for scene, spoken, changed in captioned(made, aspect):
        rows, columns = np.nonzero(changed)
        if not len(rows):
            continue
        scenes.add(scene)
        left, right = columns.min(), columns.max() + 1
        top, bottom = rows.min(), rows.max() + 1
        inside &= bool(safe.left <= left and right <= safe.right + 2)
        inside &= bool(safe.top <= top and bottom <= safe.bottom + 2)
        worst = min(worst, contrast_within(spoken[top:bottom, left:right]))
    ok = inside and len(scenes) > 0
    value = {"inside": inside, "scenes": len(scenes)}
    report.tell("captions_in_safe_area", made, value, True, ok, aspect)
    report.tell("caption_contrast", made, round(worst, 2), 4.5, worst >= 4.5, aspect)


def captioned(
    made: Made, aspect: Aspect
) -> Iterator[tuple[int, NDArray[np.uint8], NDArray[np.bool_]]]:
    """Each caption when half its time is over: its scene, a frame, and what it changes there."""
    for scene in range(1, 5):
        bench = made.bench("check", scene - 1)
        plan = stages.scene_plan(bench, made.script, scene, aspect)
        renderer, without = SceneRenderer(plan), SceneRenderer(replace(plan, cues=()))
        for cue in plan.cues:
            number = round((cue.start_s + cue.end_s) / 2 * FPS)
            spoken = renderer.draw(number).rgb()
            yield scene, spoken, (spoken != without.draw(number).rgb()).any(axis=2)


def contrast_within(box: NDArray[np.uint8]) -> float:
    """Of the colour that most of a box has, against the one farthest from it.

    Colours of letters' soft edges are too few to count.
    """
    pixels = box.reshape(-1, 3)
    bins = (pixels >> 4).astype(np.int32) @ np.array([256, 16, 1], np.int32)
    found, sizes = np.unique(bins, return_counts=True)
    colours = [
        tuple(round(float(v)) for v in np.median(pixels[bins == number], axis=0))
        for number in found[sizes >= max(len(pixels) * 0.005, 1)]
    ]
    ground = np.median(pixels[bins == found[np.argmax(sizes)]], axis=0)
    red, green, blue = (round(float(v)) for v in ground)
    return max(contrast((red, green, blue), (c[0], c[1], c[2])) for c in colours)


def frame_at(path: Path, number: int) -> NDArray[np.uint8]:
    """One decoded frame, RGB."""
    # The first frame that does not start before the asked-for moment is taken.
    moment = max(number - 0.25, 0) / FPS
    raw = ffmpeg.output(
        [
            *("-ss", f"{moment:.4f}", "-i", path, "-frames:v", "1"),
            *("-f", "image2pipe", "-c:v", "png", "pipe:1"),
        ]
    )
    decoded = cv2.imdecode(np.frombuffer(raw, np.uint8), cv2.IMREAD_COLOR)
    assert decoded is not None
    return np.asarray(cv2.cvtColor(decoded, cv2.COLOR_BGR2RGB), np.uint8)


def check_product(report: Report, made: Made, aspect: Aspect) -> None:
    path = made.output("video", ".mp4", aspect)
    scenes: list[dict[str, float | None]] = []
    ok = True
    for scene, span in enumerate(made.spans, start=1):
        renderer = made.renderer(scene, aspect)
        number = settled_frame(made, scene, span)
        frame = frame_at(path, span.first + number)
        alike, matched = product_likeness(renderer, number, frame)
        scenes.append({"ssim": round(alike, 3), "orb": matched})
        ok &= alike >= 0.95 or (matched is not None and matched >= 0.6)
    limit = {"ssim": 0.95, "or_orb": 0.6}
    report.tell("product_kept", made, scenes, limit, ok, aspect)


def settled_frame(made: Made, scene: int, span: Span) -> int:
    """A frame of a scene that neither its way in nor its way out covers."""
    covered = round(style_of(made.params.style).transition_s * FPS)
    first = covered if scene > 1 else 0
    last = span.frames - (covered if scene < len(made.spans) else 0)
    return round(first + (last - first) * 0.62)


def product_likeness(
    renderer: SceneRenderer, number: int, frame: NDArray[np.uint8]
) -> tuple[float, float | None]:
    """SSIM, and the share of ORB features kept, once the camera's move is undone."""
    assert renderer.plan.product is not None
    with Image.open(renderer.plan.product) as photo:
        source = premultiplied(np.asarray(photo.convert("RGBA")))
    scale = min(1.0, renderer.pose(number).height / source.shape[0])
    size = (round(source.shape[1] * scale), round(source.shape[0] * scale))
    small = np.asarray(cv2.resize(source, size, interpolation=cv2.INTER_AREA), np.uint8)
    # Pixel centres lie at half, in the shrunken picture as in the whole one.
    across, down = size[0] / source.shape[1], size[1] / source.shape[0]
    grown = np.array(
        [[1 / across, 0, 0.5 / across], [0, 1 / down, 0.5 / down], [0, 0, 1]]
    )
    centred = np.array([[1, 0, -0.5], [0, 1, -0.5], [0, 0, 1.0]])
    back = np.linalg.inv(centred @ renderer.product_matrix(number) @ grown)
    seen = np.asarray(cv2.warpPerspective(frame, back, size), np.uint8)
    solid = cv2.erode((small[..., 3] == 255).astype(np.uint8), np.ones((9, 9)))
    # What lies outside the frame, or under a caption, cannot be compared.
    visible = np.ones(frame.shape[:2], np.uint8)
    under = renderer.layout.captions
    visible[round(under.top) - 12 : round(under.bottom) + 12] = 0
    whole = cv2.warpPerspective(visible, back, size)
    where = (np.asarray(solid) > 0) & (np.asarray(whole) > 0)
    alike = similarity(small[..., :3], seen, where)
    return alike, matched_share(small[..., :3], seen, where)


def matched_share(
    photo: NDArray[np.uint8], seen: NDArray[np.uint8], where: NDArray[np.bool_]
) -> float | None:
    """The photo's ORB features found again at their place; None if it has too few."""
    orb = cv2.ORB.create(nfeatures=500)
    mask = where.astype(np.uint8) * 255
    points, told = orb.detectAndCompute(cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY), mask)
    if len(points) < 60:
        return None
    others, found = orb.detectAndCompute(cv2.cvtColor(seen, cv2.COLOR_RGB2GRAY), mask)
    if found is None:
        return 0.0
    matches = cv2.BFMatcher(cv2.NORM_HAMMING, crossCheck=True).match(told, found)
    # A match elsewhere in the picture shows another part of the product.
    near = [
        match
        for match in matches
        if np.hypot(
            points[match.queryIdx].pt[0] - others[match.trainIdx].pt[0],
            points[match.queryIdx].pt[1] - others[match.trainIdx].pt[1],
        )
        < 4
    ]
    return round(len(near) / len(points), 3)


def similarity(
    one: NDArray[np.uint8], other: NDArray[np.uint8], where: NDArray[np.bool_]
) -> float:
    """SSIM of two pictures' brightness, over a mask."""
    a, b = (
        cv2.cvtColor(p, cv2.COLOR_RGB2GRAY).astype(np.float64) for p in (one, other)
    )

    def blur(x: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(cv2.GaussianBlur(x, (11, 11), 1.5))

    mean_a, mean_b = blur(a), blur(b)
    spread_a, spread_b = blur(a * a) - mean_a**2, blur(b * b) - mean_b**2
    both = blur(a * b) - mean_a * mean_b
    c1, c2 = 6.5025, 58.5225
    index = (2 * mean_a * mean_b + c1) * (2 * both + c2)
    index /= (mean_a**2 + mean_b**2 + c1) * (spread_a + spread_b + c2)
    return float(index[where].mean())


def small_frames(path: Path, aspect: Aspect) -> Frames:
    wide, high = aspect.size_px
    size = (_SMALL, round(_SMALL * high / wide / 2) * 2)
    raw = ffmpeg.output(
        [
            *("-i", path, "-an", "-vf", f"scale={size[0]}:{size[1]}:flags=area"),
            *("-f", "rawvideo", "-pix_fmt", "rgb24", "pipe:1"),
        ]
    )
    return np.frombuffer(raw, np.uint8).reshape(-1, size[1], size[0], 3)


def check_motion(report: Report, made: Made, aspect: Aspect, frames: Frames) -> None:
    errors = []
    edges = np.array([cv2.Laplacian(f, cv2.CV_32F).var() for f in frames])
    for span in made.spans[1:]:
        window = edges[span.first - 15 : span.first + 15]
        low = np.flatnonzero(window <= window.min() * 1.05 + 1e-6)
        errors.append(abs(float(low.mean()) + 0.5 - 15))
    worst = round(max(errors), 1)
    report.tell("cuts_off_frames", made, worst, 2, worst <= 2, aspect)
    dark = longest_run(frames.reshape(len(frames), -1).mean(axis=1) < 8) / FPS
    report.tell("black_s", made, round(dark, 2), 0.5, dark <= 0.5, aspect)
    moved = np.abs(np.diff(frames.astype(np.int16), axis=0)).reshape(
        len(frames) - 1, -1
    )
    still = (moved.max(axis=1) <= 2)[: made.spans[-1].first]
    frozen = longest_run(still) / FPS
    calm = made.params.style is StyleName.MINIMAL
    report.tell("frozen_s", made, round(frozen, 2), 1.5, frozen <= 1.5 or calm, aspect)
    button = made.renderer(4, aspect).layout.button
    assert button is not None
    scale = _SMALL / aspect.size_px[0]
    rows = slice(round(button.top * scale), round(button.bottom * scale))
    columns = slice(round(button.left * scale), round(button.right * scale))
    card = frames[made.spans[-1].first :, rows, columns].astype(np.int16)
    same = np.abs(card - card[-5]).reshape(len(card), -1)
    alike = (same > 40).mean(axis=1) < 0.1
    shown = longest_run(alike) / FPS
    report.tell("call_to_action_s", made, round(shown, 2), 3, shown >= 3, aspect)


def longest_run(flags: NDArray[np.bool_]) -> int:
    runs = (
        len(list(group)) for value, group in itertools.groupby(flags.tolist()) if value
    )
    return max(runs, default=0)


def check_contrast(report: Report, made: Made, aspect: Aspect) -> None:
    """The ink of each line against the ground that is really behind it."""
    worst = 21.0
    for scene in range(1, 5):
        renderer = made.renderer(scene, aspect)
        number = round(renderer.plan.span.frames * 0.6)
        frame = renderer.draw(number).rgb()
        for piece in renderer.letters.pieces:
            top, left = round(piece.y), round(piece.x)
            box = frame[
                max(top, 0) : top + piece.coverage.shape[0],
                max(left, 0) : left + piece.coverage.shape[1],
            ]
            mask = piece.coverage[: box.shape[0], : box.shape[1]]
            near = cv2.dilate(mask, np.ones((9, 9))) > 0
            ground = box[near & (mask == 0)]
            if len(ground) < 20:
                continue
            # Letters' own soft edges are left out; of the rest, the mean counts.
            red, green, blue = (round(float(v)) for v in np.median(ground, axis=0))
            worst = min(worst, contrast(piece.colour, (red, green, blue)))
        if renderer.button is not None:
            worst = min(worst, button_contrast(renderer))
    report.tell("text_contrast", made, round(worst, 2), 4.5, worst >= 4.5, aspect)


def button_contrast(renderer: SceneRenderer) -> float:
    """The call to action's words against their button, once it has come."""
    assert renderer.button is not None
    area = renderer.button.area
    frame = renderer.draw(renderer.plan.span.frames - 1).rgb()
    # Slanted and round ends show what lies behind.
    inset = area.height / 2
    columns = slice(round(area.left + inset), round(area.right - inset))
    return contrast_within(frame[round(area.top) : round(area.bottom), columns])


def style_distances(shown: Mapping[StyleName, Frames]) -> Iterator[dict[str, object]]:
    """How far apart the styles look and move."""
    for one, other in itertools.combinations(shown, 2):
        histograms = []
        motions = []
        for style in (one, other):
            frames = shown[style][::15]
            histogram = cv2.calcHist(
                [np.vstack(frames)], [0, 1, 2], None, [8, 8, 8], [0, 256] * 3
            )
            histograms.append(histogram / histogram.sum())
            steps = np.abs(np.diff(shown[style].astype(np.int16), axis=0))
            motions.append(float(steps.mean()))
        apart = cv2.compareHist(*histograms, cv2.HISTCMP_BHATTACHARYYA)
        yield {
            "check": "styles_apart",
            "style": f"{one.value}/{other.value}",
            "value": {
                "histogram": round(apart, 3),
                "motion": [round(m, 2) for m in motions],
            },
            "limit": {"histogram": 0.4},
            "ok": bool(apart >= 0.4),
        }
