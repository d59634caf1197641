"""Measures paintings: one JSON object a line, ours beside what else there is.

    python -m benchmarks.paintings [scenes] [fills] [speed] [styles] [large]

Without words all of them run, `large` (12 and 48 MP) last.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import pairwise, product
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from jobs.toolbox import inpainting
from jobs.toolbox.images import Photo, Pixels, save_png
from paintings.engines.depth import local
from paintings.engines.layers.cutting import cut
from paintings.engines.layers.peeling import Sheet, peel, rest
from paintings.engines.painterly.painting import paint_picture
from paintings.engines.painterly.styles import Style
from paintings.exports import parallax
from paintings.exports.sheets import FlatSheet
from paintings.scenery import KINDS, OTHER_KINDS, Scene, compose
from paintings.scenery.canvas import to_bytes

_SEEDS = range(5)
_SIZE = (900, 600)
# How far the camera moves, as a share of the width.
_MOVE = 0.03
# Colours this far apart, in grey levels, are told apart at a glance.
_UNLIKE = 40.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[*_PARTS, []])
    parser.add_argument("--json", action="store_true", help="It always is.")
    for part in parser.parse_args().parts or _PARTS:
        _PARTS[part]()


def tell(**values: object) -> None:
    print(json.dumps(values), flush=True)


# --- (a) scenes whose layers are known -------------------------------------------


def scenes() -> None:
    """The kinds that the samples are of, and others that were kept apart from them."""
    told: dict[str, list[dict[str, float]]] = {"samples": [], "others": []}
    for kind, seed in product((*KINDS, *OTHER_KINDS), _SEEDS):
        scene = compose(kind, seed=seed, width=_SIZE[0], height=_SIZE[1])
        measured = _measure_scene(scene)
        told["samples" if kind in KINDS else "others"].append(measured)
        tell(bench="scene", kind=kind, seed=seed, **measured)
    _tell_scenes("scenes", told["samples"])
    _tell_scenes("scenes_of_other_kinds", told["others"])
    _tell_scenes("scenes_of_all_kinds", told["samples"] + told["others"])


def _tell_scenes(bench: str, rows: list[dict[str, float]]) -> None:
    tell(
        bench=bench,
        count=len(rows),
        alpha_iou=round(float(np.mean([row["alpha_iou"] for row in rows])), 3),
        order=round(float(np.mean([row["order"] for row in rows])), 3),
        psnr_db=min(row["psnr_db"] for row in rows),
        halo_worst=max(row["halo_ratio"] for row in rows),
        uncovered=sum(row["uncovered"] for row in rows),
        left_behind=round(float(np.mean([row["left_behind"] for row in rows])), 4),
        left_uncovered=round(
            float(np.mean([row["left_uncovered"] for row in rows])), 4
        ),
        left_by_true_cut=round(
            float(np.mean([row["left_by_true_cut"] for row in rows])), 4
        ),
        must={"alpha_iou": 0.80, "order": 0.90, "psnr_db": 45, "halo_worst": 1.2},
    )


def _measure_scene(scene: Scene) -> dict[str, float]:
    photo = Photo(rgb=scene.photo)
    count = len(scene.layers)
    field = local.estimate(photo)
    labels, nearness = cut(field, count)
    sheets = sorted(peel(photo, labels, count), key=lambda s: s.number)
    whole = rest(sheet.rgba for sheet in sheets)
    shares = _overlaps(scene, sheets)
    return {
        "alpha_iou": round(float(np.mean(shares)), 3),
        "worst_iou": round(min(shares), 3),
        "order": round(_order(scene, field.near), 3),
        "psnr_db": round(_psnr(whole, photo.rgb), 1),
        "halo_ratio": round(_halo(scene, sheets), 3),
        "uncovered": _uncovered(sheets, nearness),
        "left_behind": round(_left_behind(scene, sheets), 4),
        "left_uncovered": round(_left_uncovered(scene, sheets), 4),
        "left_by_true_cut": round(_left_uncovered(scene, _cut_truly(scene)), 4),
    }


def _overlaps(scene: Scene, sheets: list[Sheet]) -> list[float]:
    """Each layer but the hindmost against its true visible alpha."""
    shares = []
    above_true = np.zeros(scene.visible.shape, np.float32)
    above_ours = np.zeros(scene.visible.shape, np.float32)
    for layer, sheet in zip(reversed(scene.layers), reversed(sheets), strict=True):
        if sheet.number == 0:
            break
        truth = layer.alpha * (1 - above_true)
        ours = sheet.rgba[..., 3].astype(np.float32) / 255 * (1 - above_ours)
        both = float(np.minimum(truth, ours).sum())
        shares.append(both / max(float(np.maximum(truth, ours).sum()), 1e-6))
        above_true = np.maximum(above_true, layer.alpha)
        above_ours = np.maximum(above_ours, sheet.rgba[..., 3].astype(np.float32) / 255)
    return shares[::-1]


def _order(scene: Scene, near: NDArray[np.float32]) -> float:
    """The share of point pairs of different layers that are ordered rightly."""
    height, width = scene.visible.shape
    grown = cv2.resize(near, (width, height), interpolation=cv2.INTER_LINEAR).ravel()
    truth = scene.visible.ravel()
    pairs = np.random.default_rng(0).integers(0, truth.size, (20_000, 2))
    differ = truth[pairs[:, 0]] - truth[pairs[:, 1]]
    guess = grown[pairs[:, 0]] - grown[pairs[:, 1]]
    used = differ != 0
    return float((np.sign(differ[used]) == np.sign(guess[used])).mean())


def _halo(scene: Scene, sheets: list[Sheet]) -> float:
    """Colour energy in a 5 px band of the front layer's edge against a clean cut's."""
    front, truth = sheets[-1].rgba, scene.layers[-1]
    ours = front[..., 3].astype(np.float32) / 255
    edge = ((truth.alpha > 0.5) & (ours > 0.02)).astype(np.uint8)
    kernel = np.ones((5, 5), np.uint8)
    band = (cv2.dilate(edge, kernel) > cv2.erode(edge, kernel)) & (ours > 0.02)
    if not band.any():
        return 1.0
    grey = np.full(3, 0.5, np.float32)
    placed = front[..., :3].astype(np.float32) / 255
    cut_out = placed * ours[..., None] + grey * (1 - ours[..., None])
    clean = truth.rgb * truth.alpha[..., None] + grey * (1 - truth.alpha[..., None])
    return float(_energy(cut_out)[band].mean() / max(_energy(clean)[band].mean(), 1e-9))


def _energy(picture: NDArray[np.float32]) -> NDArray[np.float32]:
    soft = cv2.GaussianBlur(picture, (0, 0), 1.5)
    return np.asarray(((picture - soft) ** 2).sum(axis=2), np.float32)


def _uncovered(sheets: list[Sheet], nearness: list[float]) -> int:
    """Pixels that show nothing when the camera has moved by 3 % of the width."""
    flat = [
        FlatSheet(name="", rgb=s.rgba[..., :3], alpha=s.rgba[..., 3], near=near)
        for s, near in zip(sheets, nearness, strict=True)
    ]
    holes = 0
    for across in (-1.0, 1.0):
        white = [
            FlatSheet(name="", rgb=np.full_like(s.rgb, 255), alpha=s.alpha, near=s.near)
            for s in flat
        ]
        holes += int((parallax.view(white, across=across, down=0) < 250).sum())
    return holes


def _left_behind(scene: Scene, sheets: list[Sheet]) -> float:
    """The share of the subject's rim, 3 % wide, that is still seen once we lift ours."""
    subject, told, seen = _still_seen(scene, sheets)
    rim = _rim(subject) & told
    return float((rim & seen).sum() / max(rim.sum(), 1))


def _cut_truly(scene: Scene) -> list[Sheet]:
    """Our sheets, had we known the layers: what chance alone leaves of the subject.

    A brown fill where a shadow lay is more like a brown fruit than like the shadow.
    """
    sheets = peel(Photo(rgb=scene.photo), scene.visible, len(scene.layers))
    return sorted(sheets, key=lambda sheet: sheet.number)


def _left_uncovered(scene: Scene, sheets: list[Sheet]) -> float:
    """The same of what a move of 3 % uncovers: where our own sheet was."""
    subject, told, seen = _still_seen(scene, sheets)
    uncovered = _rim(sheets[-1].rgba[..., 3] > 127)
    return float((uncovered & subject & told & seen).sum() / max(uncovered.sum(), 1))


def _rim(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    inside = cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, 3)
    return np.asarray(mask & (inside <= round(_MOVE * mask.shape[1])), np.bool_)


def _still_seen(
    scene: Scene, sheets: list[Sheet]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_], NDArray[np.bool_]]:
    """Where the subject is, where it can be told from what is behind, where it stayed."""
    shown, subject, behind = (
        cv2.GaussianBlur(picture.astype(np.float32), (0, 0), 2.0)
        for picture in (
            rest(sheet.rgba for sheet in sheets[:-1]),
            scene.photo,
            to_bytes(scene.upto(len(scene.layers) - 1)),
        )
    )
    like_subject = np.linalg.norm(shown - subject, axis=2)
    like_behind = np.linalg.norm(shown - behind, axis=2)
    return (
        scene.layers[-1].alpha > 0.5,
        np.linalg.norm(subject - behind, axis=2) > _UNLIKE,
        like_subject < 0.5 * like_behind,
    )


def fills() -> None:
    rows = []
    for kind, seed in product((*KINDS, *OTHER_KINDS), _SEEDS):
        scene = compose(kind, seed=seed, width=_SIZE[0], height=_SIZE[1])
        rows.append(_measure_fill(scene))
        tell(bench="fill", kind=kind, seed=seed, **rows[-1])
    tell(
        bench="fills",
        count=len(rows),
        below_telea=sum(row["psnr_db"] < row["telea_psnr_db"] for row in rows),
        below_half_the_detail=sum(row["detail"] < 0.5 for row in rows),
        mean_gain_db=round(
            float(np.mean([row["psnr_db"] - row["telea_psnr_db"] for row in rows])), 2
        ),
        must={"below_telea": 0, "below_half_the_detail": 0},
    )


def _measure_fill(scene: Scene) -> dict[str, float]:
    truth = to_bytes(scene.upto(len(scene.layers) - 1))
    mask = (scene.layers[-1].alpha > 0.02).astype(np.uint8)
    hole = cv2.dilate(mask, np.ones((5, 5), np.uint8)) > 0
    ours, seconds = _timed(lambda: inpainting.fill(scene.photo, hole))
    telea, telea_seconds = _timed(
        lambda: np.asarray(
            cv2.inpaint(scene.photo, hole.astype(np.uint8), 5, cv2.INPAINT_TELEA),
            np.uint8,
        )
    )
    fine = _fine(truth, hole)
    return {
        "psnr_db": round(_psnr(ours[hole], truth[hole]), 2),
        "telea_psnr_db": round(_psnr(np.asarray(telea)[hole], truth[hole]), 2),
        "detail": round(_fine(ours, hole) / fine, 2),
        "telea_detail": round(_fine(np.asarray(telea), hole) / fine, 2),
        "seconds": round(seconds, 2),
        "telea_seconds": round(telea_seconds, 2),
    }


def _fine(picture: Pixels, where: NDArray[np.bool_]) -> float:
    sharp = picture.astype(np.float32)
    fine = sharp - cv2.GaussianBlur(sharp, (0, 0), 2.0)
    return float(np.sqrt((fine[where] ** 2).mean()))


def _psnr(one: Pixels, other: Pixels) -> float:
    error = float(((one.astype(np.float64) - other) ** 2).mean())
    return float(10 * np.log10(255**2 / max(error, 1e-9)))


# --- (b) speed ---------------------------------------------------------------------


def speed() -> None:
    """Each style per megapixel against its nearest in OpenCV, and in G'MIC if it is there."""
    picture = compose("landscape", seed=0, width=1224, height=816).photo
    for style in Style:
        paint_picture(picture[:160, :240], style=style, strength=1, seed=1)
        _, seconds = _timed(
            lambda style=style: paint_picture(picture, style=style, strength=1, seed=1)
        )
        told: dict[str, object] = {
            "bench": "style",
            "style": style.value,
            "seconds_per_mp": round(seconds, 2),
        }
        for name, rival in _rivals(style, picture):
            _, rival_seconds = _timed(rival)
            told[name] = round(rival_seconds, 2)
        by_gmic = _gmic_seconds(style, picture)
        if by_gmic is not None:
            told[f"gmic_{by_gmic[0]}"] = round(by_gmic[1], 2)
            told["at_least_as_fast_as_gmic"] = seconds <= by_gmic[1]
        tell(**told)


def _rivals(
    style: Style, picture: Pixels
) -> Iterator[tuple[str, Callable[[], object]]]:
    if style in (Style.OIL, Style.IMPRESSIONIST):
        yield "opencv_oil", lambda: cv2.xphoto.oilPainting(picture, 7, 1)
    if style in (Style.WATERCOLOUR, Style.KUWAHARA):
        yield "opencv_stylization", lambda: cv2.stylization(picture)
    if style in (Style.PENCIL, Style.INK):
        yield "opencv_pencil", lambda: cv2.pencilSketch(picture)


# The filters' own defaults, as G'MIC's plug-ins send them.
_GMIC: dict[Style, tuple[str, str]] = {
    Style.OIL: ("fx_brushify", "7,0.25,4,64,25,12,0,2,4,0.2,0.5,30,1,1,1,5,0,0.2,1"),
    Style.IMPRESSIONIST: ("fx_painting", "5,2.5,1.5,50,1,0"),
    Style.KUWAHARA: ("fx_kuwahara", "2,5,11,0,0"),
    Style.PENCIL: ("fx_pencilbw", "0.3,60,0,0"),
}


def _gmic_seconds(style: Style, picture: Pixels) -> tuple[str, float] | None:
    """What G'MIC's nearest filter takes, its start, reading and writing left out."""
    if style not in _GMIC or not shutil.which("gmic"):
        return None
    command, values = _GMIC[style]
    bare, whole = (_gmic(picture, words) for words in ([], [command, values]))
    return command, whole - bare


def _gmic(picture: Pixels, words: list[str]) -> float:
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "in.png"), Path(folder, "out.png")
        save_png(source, picture)
        began = time.monotonic()
        subprocess.run(
            ["gmic", str(source), *words, "-o", str(target)],
            check=True,
            capture_output=True,
        )
        seconds = time.monotonic() - began
        # Where it fails it may still end well: the picture tells.
        assert target.stat().st_size > 0
    return seconds


def large() -> None:
    """Whole photos, each in a process of its own so that memory is its own."""
    for megapixels, style in (
        (1, ""),
        *product((1, 12, 48), [style.value for style in Style]),
        (12, ""),
        (48, ""),
    ):
        subprocess.run(
            [
                sys.executable,
                "-m",
                "benchmarks.paintings_large",
                str(megapixels),
                style,
            ],
            check=True,
        )


# --- (c) strength and styles -----------------------------------------------------------


def styles() -> None:
    _tell_strength()
    _tell_apart()
    _tell_same_bytes()


_PRINT_DIGEST = """
import hashlib
from paintings.engines.painterly.painting import paint_picture
from paintings.engines.painterly.styles import Style
from paintings.scenery import compose
photo = compose("street", seed=1, width=300, height=200).photo
told = hashlib.sha256()
for style in Style:
    told.update(paint_picture(photo, style=style, strength=0.8, seed=7).tobytes())
print(told.hexdigest())
"""


def _tell_same_bytes() -> None:
    """All styles in processes of one, two and four threads."""
    digests = set()
    for threads in ("1", "2", "4"):
        own = {"NUMBA_NUM_THREADS": threads, "OPENCV_FOR_THREADS_NUM": threads}
        done = subprocess.run(
            [sys.executable, "-c", _PRINT_DIGEST],
            env=os.environ | own,
            check=True,
            capture_output=True,
            text=True,
        )
        digests.add(done.stdout)
    tell(bench="same_seed_same_bytes", threads=[1, 2, 4], same=len(digests) == 1)


def _tell_strength() -> None:
    photo = compose("still_life", seed=4, width=450, height=300).photo
    for style in Style:
        row = [
            round(
                _ssim(photo, paint_picture(photo, style=style, strength=s, seed=42)), 4
            )
            for s in (0, 0.25, 0.5, 0.75, 1)
        ]
        falls = all(a > b for a, b in pairwise(row))
        tell(bench="strength", style=style.value, ssim=row, falls=falls)


def _ssim(one: Pixels, other: Pixels) -> float:
    x, y = (
        cv2.cvtColor(p, cv2.COLOR_RGB2GRAY).astype(np.float64) for p in (one, other)
    )
    mx, my = cv2.blur(x, (7, 7)), cv2.blur(y, (7, 7))
    vx, vy = cv2.blur(x * x, (7, 7)) - mx**2, cv2.blur(y * y, (7, 7)) - my**2
    both = cv2.blur(x * y, (7, 7)) - mx * my
    upper = (2 * mx * my + 6.5) * (2 * both + 58.5)
    return float((upper / ((mx**2 + my**2 + 6.5) * (vx + vy + 58.5))).mean())


def _tell_apart() -> None:
    """A nearest-centroid on simple statistics, each scene judged by the others."""
    samples: list[tuple[str, int, NDArray[np.float64]]] = []
    for number, (kind, seed) in enumerate((k, s) for k in KINDS for s in range(2)):
        photo = compose(kind, seed=seed, width=450, height=300).photo
        plain = _statistics(photo)
        for style in Style:
            painted = paint_picture(photo, style=style, strength=1, seed=seed)
            samples.append((style.value, number, _statistics(painted) - 0.5 * plain))
    table = np.array([values for _, _, values in samples])
    spread = table.std(axis=0) + 1e-9
    right = 0
    for style_name, number, values in samples:
        distances = {
            style.value: _distance(values, samples, style.value, number, spread)
            for style in Style
        }
        right += min(distances, key=lambda name: distances[name]) == style_name
    tell(
        bench="styles_told_apart",
        share=round(right / len(samples), 3),
        cases=len(samples),
        must=0.95,
    )


def _distance(
    values: NDArray[np.float64],
    samples: list[tuple[str, int, NDArray[np.float64]]],
    style: str,
    number: int,
    spread: NDArray[np.float64],
) -> float:
    others = [v for name, n, v in samples if name == style and n != number]
    return float((((values - np.mean(others, axis=0)) / spread) ** 2).sum())


def _statistics(picture: Pixels) -> NDArray[np.float64]:
    """Light, colour, and detail at four sizes, in and across directions."""
    lab = cv2.cvtColor(picture.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    light = lab[..., 0]
    chroma = np.hypot(lab[..., 1], lab[..., 2])
    values = [
        light.mean() / 100,
        light.std() / 50,
        chroma.mean() / 50,
        chroma.std() / 30,
    ]
    for sigma in (0.7, 1.4, 2.8, 5.6):
        band = cv2.GaussianBlur(light, (0, 0), sigma) - cv2.GaussianBlur(
            light, (0, 0), 2 * sigma
        )
        values += [
            np.log(band.std() + 0.1),
            np.mean(band**4) / (np.mean(band**2) ** 2 + 1e-6) / 10,
        ]
    colour = np.abs(lab - cv2.GaussianBlur(lab, (0, 0), 1.5))[..., 1:].mean()
    dx, dy = cv2.Sobel(light, cv2.CV_32F, 1, 0), cv2.Sobel(light, cv2.CV_32F, 0, 1)
    values += [
        np.log(colour + 0.05),
        (dx * dy).mean() / ((dx**2 + dy**2).mean() + 1e-6),
    ]
    return np.array(values, np.float64)


def _timed(work: Callable[[], Pixels]) -> tuple[Pixels, float]:
    began = time.monotonic()
    result = work()
    return result, time.monotonic() - began


_PARTS: dict[str, Callable[[], None]] = {
    "scenes": scenes,
    "fills": fills,
    "speed": speed,
    "styles": styles,
    "large": large,
}

if __name__ == "__main__":
    main()
