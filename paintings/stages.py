"""What each step of a painting does."""

import json
import time
from pathlib import Path

import cv2
import numpy as np
from django.conf import settings

from jobs.pipeline import OutputFile, StageResult, Wait
from jobs.toolbox import images, networks
from jobs.toolbox.images import Photo, Pixels
from jobs.vendors.replicate import Replicate
from jobs.workbench import Workbench
from paintings.engines import replicate
from paintings.engines.depth import local
from paintings.engines.depth.local import DepthField
from paintings.engines.depth.storing import load_field, save_field
from paintings.engines.layers.cutting import cut
from paintings.engines.layers.peeling import peel
from paintings.engines.painterly.fields import Light
from paintings.engines.painterly.painting import paint_sheet
from paintings.engines.painterly.styles import choose
from paintings.errors import EmptyMaskError, FlatDepthError
from paintings.exports import openraster, parallax, photoshop, scene, viewer
from paintings.exports.collecting import composite_of, depth_image, describe_layers
from paintings.exports.sheets import FlatSheet, read_rgba, shrunk
from paintings.facts import (
    DepthFacts,
    FilesFacts,
    LayersFacts,
    ManifestFacts,
    PaintFacts,
    PhotoFacts,
    layer_file,
    layer_name,
)
from paintings.params import Mode, PaintingParams

Bench = Workbench[PaintingParams]

COMPOSITE_PNG = "composite.png"
COMPOSITE_JPEG = "composite.jpg"
DEPTH_FILE = "depth.png"
_SCENE_PX = 1280
_LOOP_PX = 800
_VENDOR_PX = 1024


def check_photo(bench: Bench) -> StageResult:
    """Read the photo once, whole: what is wrong with it is said before any work."""
    began = time.monotonic()
    photo = _photo(bench)
    images.require_content(photo, name=bench.inputs[0].filename)
    facts = PhotoFacts(
        width=photo.width_px,
        height=photo.height_px,
        format=photo.format,
        colour_profile=photo.icc is not None,
        seconds=_since(began),
    )
    return StageResult(facts=facts)


def tell_depth(bench: Bench) -> StageResult | Wait:
    """How near everything is: by a person's map, a vendor, a network or by cues."""
    began = time.monotonic()
    photo = _photo(bench)
    params = bench.params
    if params.depth_map is not None:
        field = _given_depth(bench, photo, params.depth_map)
    elif bench.engine == "replicate":
        fetched = _vendor_depth(bench, photo)
        if isinstance(fetched, Wait):
            return fetched
        field = fetched
    elif settings.DEPTH_MODEL:
        near = networks.told_by(Path(settings.DEPTH_MODEL), photo.rgb)
        field = local.from_map(photo, near, engine="neural")
    else:
        field = local.estimate(photo)
    facts = DepthFacts(engine=field.engine, scene=field.scene, seconds=_since(began))
    return StageResult(files=[_kept(bench, field)], facts=facts)


def cut_layers(bench: Bench) -> StageResult:
    """Take the photo apart along the depth's jumps; fill in what was hidden."""
    began = time.monotonic()
    photo = _photo(bench)
    field = load_field(bench.files("depth", "field")[0].path)
    if bench.params.mask is not None:
        # Only here: a vendor's depth is not bought again for a mask.
        field = local.with_mask(field, _mask(bench, bench.params.mask))
    count = bench.params.num_layers
    labels, nearness = cut(field, count)
    files = [_kept(bench, field)]
    for done, sheet in enumerate(peel(photo, labels, count)):
        path = bench.workdir / f"sheet-{sheet.number}.png"
        images.save_png(path, sheet.rgba)
        files.append(OutputFile(path=path, role="sheet", published=False))
        bench.report((done + 1) / count, f"Layer {done + 1} of {count} is cut.")
    ranges = [_range(field, labels == number) for number in range(count)]
    facts = LayersFacts(nearness=nearness, ranges=ranges, seconds=_since(began))
    return StageResult(files=sorted(files, key=lambda f: f.name), facts=facts)


def paint_layers(bench: Bench) -> StageResult | Wait:
    """Paint every sheet, on this machine or by the vendor."""
    # A vendor's model always changes something; strength 0 is the photo itself.
    if bench.engine == "replicate" and bench.params.painterly_strength > 0:
        return _vendor_paint(bench)
    began = time.monotonic()
    params = bench.params
    choice = choose(params.painterly_style)
    files: list[OutputFile] = []
    sheets = _sheets(bench, "layers")
    light = Light.of(_photo(bench).rgb)
    for number, path in enumerate(sheets):
        painted = paint_sheet(
            read_rgba(path),
            style=choice.style,
            strength=params.painterly_strength,
            seed=params.painterly_seed,
            number=number,
            light=light,
        )
        files.append(_painted(bench, number, painted))
        bench.report((number + 1) / len(sheets), f"Layer {number + 1} is painted.")
    note = ""
    if choice.guessed:
        note = (
            f"“{params.painterly_style}” is no style that this machine knows; it was "
            f"painted in {choice.style}."
        )
    facts = PaintFacts(engine="local", style=choice.style, seconds=_since(began))
    return StageResult(files=files, facts=facts, note=note)


def publish(bench: Bench) -> StageResult:
    """The layers by their names, the picture that they make, the depth, the manifest."""
    began = time.monotonic()
    photo = _photo(bench)
    count = bench.params.num_layers
    files: list[OutputFile] = []
    written: list[Path] = []
    for number, path in enumerate(_finished_sheets(bench)):
        target = bench.workdir / layer_file(number, count)
        images.save_png(target, read_rgba(path), icc=photo.icc)
        written.append(target)
        files.append(OutputFile(path=target, role="layer"))
        bench.report(0.5 * (number + 1) / count)
    picture = composite_of(written)
    png = images.save_png(bench.workdir / COMPOSITE_PNG, picture, icc=photo.icc)
    jpeg = images.save_jpeg(bench.workdir / COMPOSITE_JPEG, picture, icc=photo.icc)
    files += [OutputFile(path=path, role="composite") for path in (png, jpeg)]
    field = load_field(bench.files("layers", "field")[0].path)
    depth = images.save_png(bench.workdir / DEPTH_FILE, depth_image(field, photo))
    files.append(OutputFile(path=depth, role="depth"))
    manifest = _manifest(bench, photo, written, _since(began))
    path = bench.workdir / "manifest.json"
    path.write_text(json.dumps(manifest.model_dump(mode="json"), indent=2))
    files.append(
        OutputFile(path=path, role="manifest", content_type="application/json")
    )
    return StageResult(files=files, facts=manifest)


def write_documents(bench: Bench) -> StageResult:
    """Layered files for painting programs: OpenRaster and PSD."""
    began = time.monotonic()
    manifest = bench.facts("publish", ManifestFacts)
    layers = bench.files("publish", "layer")
    merged = next(
        f.path
        for f in bench.files("publish", "composite")
        if f.filename == COMPOSITE_PNG
    )
    names = [layer.name for layer in manifest.layers]
    ora = openraster.write_openraster(
        bench.workdir / "painting.ora",
        [(name, f.path) for name, f in zip(names, layers, strict=True)],
        merged,
        (manifest.width, manifest.height),
    )
    bench.report(0.4)
    psd = photoshop.write_photoshop(
        bench.workdir / "painting.psd",
        [
            (name, f.path, layer.bounding_box)
            for name, f, layer in zip(names, layers, manifest.layers, strict=True)
        ],
        images.decode(merged).rgb,
        icc=_photo(bench).icc,
    )
    files = [
        OutputFile(path=ora, role="openraster", content_type="image/openraster"),
        OutputFile(
            path=psd, role="photoshop", content_type="image/vnd.adobe.photoshop"
        ),
    ]
    return StageResult(files=files, facts=FilesFacts(seconds=_since(began)))


def write_previews(bench: Bench) -> StageResult:
    """The scene in space, the loop, and the page that follows the pointer."""
    began = time.monotonic()
    sheets = _flat(bench, _SCENE_PX)
    glb, usdz = bench.workdir / "scene.glb", bench.workdir / "scene.usdz"
    scene.write_scene(sheets, glb, usdz)
    bench.report(0.35, "The scene is built.")
    name = Path(bench.inputs[0].filename).stem
    page = viewer.write_viewer(bench.workdir / "viewer.html", sheets, title=name)
    bench.report(0.45)
    mp4, webp = bench.workdir / "parallax.mp4", bench.workdir / "parallax.webp"
    small = _flat(bench, _LOOP_PX)
    parallax.write_loop(small, mp4, webp, on_progress=bench.reporter(0.45, 1.0))
    files = [
        OutputFile(path=glb, role="scene_glb", content_type="model/gltf-binary"),
        OutputFile(path=usdz, role="scene_usdz", content_type="model/vnd.usdz+zip"),
        OutputFile(path=mp4, role="parallax", content_type="video/mp4"),
        OutputFile(path=webp, role="parallax", content_type="image/webp"),
        OutputFile(path=page, role="viewer", content_type="text/html"),
    ]
    return StageResult(files=files, facts=FilesFacts(seconds=_since(began)))


def stop_vendor(bench: Bench) -> None:
    """Tell the vendor to stop what is still under way."""
    ordered = bench.checkpoint(replicate.Ordered)
    for prediction_id in ordered.ids if ordered else ():
        Replicate.from_settings().cancel(prediction_id)


# --- depth from elsewhere -------------------------------------------------------


def _given_depth(bench: Bench, photo: Photo, asset_id: str) -> DepthField:
    given = images.decode(bench.asset(asset_id), name="depth map", min_side_px=2).rgb
    if int(np.ptp(given)) < 8:
        raise FlatDepthError
    grey = given.astype(np.float32).mean(axis=2)
    return local.from_map(photo, grey, engine="given")


def _mask(bench: Bench, asset_id: str) -> Pixels:
    """What is white in the mask, or solid where it is drawn on clear ground."""
    given = images.decode(bench.asset(asset_id), name="mask", min_side_px=2)
    mask = given.rgb.mean(axis=2).astype(np.uint8)
    if given.alpha is not None:
        flat = int(np.ptp(mask[given.alpha > 127])) < 8 if given.alpha.any() else True
        mask = given.alpha if flat else np.minimum(mask, given.alpha)
    if not (mask > 127).any() or (mask > 127).all():
        raise EmptyMaskError
    return np.asarray(mask, np.uint8)


def _vendor_depth(bench: Bench, photo: Photo) -> DepthField | Wait:
    ordered = bench.checkpoint(replicate.Ordered)
    if ordered is None:
        picture = bench.workdir / "for-depth.jpg"
        images.save_jpeg(picture, photo.shrunk(_VENDOR_PX).rgb)
        ordered = replicate.Ordered(ids=[replicate.order_depth(bench, picture)])
        bench.save_checkpoint(ordered)
    client = Replicate.from_settings()
    told = client.look(ordered.ids[0])
    if not replicate.finished(told):
        return Wait(reason="Replicate is measuring the depth.", checkpoint=ordered)
    bench.spend(replicate.purchase_of_depth(), replicate.DEPTH_USD)
    urls = told.named_urls or {}
    path = client.download(
        urls.get("grey_depth", told.urls[-1]), bench.workdir / "vendor-depth.png"
    )
    grey = images.decode(path, name="Replicate's depth").rgb.astype(np.float32)
    return local.from_map(photo, grey.mean(axis=2), engine="replicate")


# --- painting by the vendor -------------------------------------------------------


def _vendor_paint(bench: Bench) -> StageResult | Wait:
    began = time.monotonic()
    sheets = _sheets(bench, "layers")
    ordered = bench.checkpoint(replicate.Ordered) or replicate.Ordered()
    for number in range(len(ordered.ids), len(sheets)):
        picture = _for_vendor(bench, sheets[number], number)
        bought = replicate.order_layer(bench, picture, number, mixed=number > 0)
        ordered = replicate.Ordered(ids=[*ordered.ids, bought])
        bench.save_checkpoint(ordered)
    client = Replicate.from_settings()
    told = [client.look(prediction_id) for prediction_id in ordered.ids]
    done = sum(replicate.finished(prediction) for prediction in told)
    if done < len(told):
        return Wait(
            reason=f"Replicate has painted {done} of {len(told)} layers.",
            checkpoint=ordered,
            progress=done / len(told),
        )
    files = []
    for number, prediction in enumerate(told):
        bench.spend(replicate.purchase_of_layer(number), replicate.PAINT_USD)
        path = client.download(
            prediction.urls[0], bench.workdir / f"vendor-{number}.png"
        )
        paint = images.decode(path, name="Replicate's painting").rgb
        files.append(_painted(bench, number, _fitted(read_rgba(sheets[number]), paint)))
    facts = PaintFacts(
        engine="replicate", style=bench.params.painterly_style, seconds=_since(began)
    )
    return StageResult(files=files, facts=facts)


def _for_vendor(bench: Bench, sheet: Path, number: int) -> Path:
    """The layer on its own extended colours, squeezed into the square that models like."""
    small = shrunk([sheet], ["layer"], [0.0], longest_px=_VENDOR_PX)[0]
    square = cv2.resize(
        small.rgb, (_VENDOR_PX, _VENDOR_PX), interpolation=cv2.INTER_AREA
    )
    path = bench.workdir / f"for-paint-{number}.jpg"
    return images.save_jpeg(path, np.asarray(square, np.uint8))


def _fitted(rgba: Pixels, paint: Pixels) -> Pixels:
    """The vendor's square back in the layer's shape, under the layer's alpha."""
    height, width = rgba.shape[:2]
    grown = cv2.resize(paint, (width, height), interpolation=cv2.INTER_CUBIC)
    shown = np.where(rgba[..., 3:] > 0, grown, 0)
    return np.concatenate([shown, rgba[..., 3:]], axis=2).astype(np.uint8)


# --- what several steps need ---------------------------------------------------------


def _photo(bench: Bench) -> Photo:
    photo = images.decode(bench.input_paths()[0], name=bench.inputs[0].filename)
    if photo.alpha is None:
        return photo
    # Clear ground becomes white paper: layers of a cut-out have alpha of their own.
    share = photo.alpha[..., None].astype(np.uint16)
    flat = (photo.rgb * share + 255 * (255 - share) + 127) // 255
    return Photo(rgb=flat.astype(np.uint8), icc=photo.icc, format=photo.format)


def _kept(bench: Bench, field: DepthField) -> OutputFile:
    stored = save_field(bench.workdir / "depth.npz", field)
    return OutputFile(path=stored, role="field", published=False)


def _sheets(bench: Bench, step: str) -> list[Path]:
    return sorted((f.path for f in bench.files(step, "sheet")), key=lambda p: p.name)


def _finished_sheets(bench: Bench) -> list[Path]:
    painted = bench.params.mode == Mode.PAINTERLY
    return _sheets(bench, "paint" if painted else "layers")


def _painted(bench: Bench, number: int, rgba: Pixels) -> OutputFile:
    path = bench.workdir / f"sheet-{number}.png"
    images.save_png(path, rgba)
    return OutputFile(path=path, role="sheet", published=False)


def _flat(bench: Bench, longest_px: int) -> list[FlatSheet]:
    count = bench.params.num_layers
    facts = bench.facts("layers", LayersFacts)
    names = [layer_name(number, count) for number in range(count)]
    return shrunk(
        _finished_sheets(bench),
        names,
        _spread(facts.nearness),
        longest_px=longest_px,
    )


def _spread(nearness: list[float]) -> list[float]:
    """Sheets never share one depth: half by what was measured, half by their order."""
    low, high = nearness[0], nearness[-1]
    last = len(nearness) - 1
    return [
        0.5 * (near - low) / max(high - low, 1e-6) + 0.5 * number / last
        for number, near in enumerate(nearness)
    ]


def _range(
    field: DepthField, where: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]
) -> tuple[float, float]:
    inside = field.near[where]
    if inside.size == 0:
        return 0.0, 0.0
    low, high = np.quantile(inside, (0.02, 0.98))
    return round(float(low), 4), round(float(high), 4)


def _manifest(
    bench: Bench, photo: Photo, written: list[Path], seconds: float
) -> ManifestFacts:
    depth = bench.facts("depth", DepthFacts)
    layers = bench.facts("layers", LayersFacts)
    engine = {"depth": depth.engine, "scene": depth.scene, "layers": "local"}
    timings = {
        "check": bench.facts("check", PhotoFacts).seconds,
        "depth": depth.seconds,
        "layers": layers.seconds,
    }
    if bench.params.mode == Mode.PAINTERLY:
        paint = bench.facts("paint", PaintFacts)
        engine |= {"painting": paint.engine, "style": paint.style}
        timings["paint"] = paint.seconds
    timings["publish"] = seconds
    return ManifestFacts(
        job_id=bench.job_id,
        layer_count=len(written),
        mode=bench.params.mode,
        width=photo.width_px,
        height=photo.height_px,
        layers=describe_layers(written, layers.ranges),
        composite=[COMPOSITE_PNG, COMPOSITE_JPEG],
        depth_map=DEPTH_FILE,
        engine=engine,
        params=bench.params.model_dump(mode="json"),
        timings=timings,
    )


def _since(began: float) -> float:
    return round(time.monotonic() - began, 3)
