"""What each step of a scan does."""

import json
import time
from dataclasses import replace
from pathlib import Path

from django.conf import settings

from jobs.errors import UnreadableMediaError
from jobs.pipeline import Kind, OutputFile, StageResult, Wait, Workbench
from jobs.toolbox import probing
from jobs.toolbox.archives import unpack
from jobs.toolbox.fetch import FetchLimits, download
from jobs.toolbox.meshes import TexturedMesh
from jobs.toolbox.meshes.reading import (
    READABLE,
    UnreadableModelError,
    joined,
    read_model,
)
from scans.engines import kiri
from scans.engines.photogrammetry import engine
from scans.engines.photogrammetry.budgets import (
    PREVIEW_TEXTURE_PX,
    TEXTURE_SIDES_PX,
    Budget,
    budget_for,
)
from scans.engines.photogrammetry.engine import Pictures
from scans.engines.photogrammetry.finishing import placement
from scans.facts import (
    CaptureFacts,
    DepthFacts,
    MeshFacts,
    Method,
    PosesFacts,
    PublishedFacts,
    SourceFacts,
    TextureFacts,
)
from scans.params import FileFormat, Quality, ScanParams, ScanType
from scans.publishing import (
    CONTENT_TYPES,
    refuse_unwritable,
    usdz_faults,
    write_models,
    write_pictures,
)

Bench = Workbench[ScanParams]
MOST_VIDEO_BYTES = 2 * 2**30
# What a vendor's files show best, the first that can be opened is drawn.
DRAWN_FIRST = (
    ".glb", ".gltf", ".obj", ".usdz", ".usdc", ".usda", ".ply", ".stl",
)  # fmt: skip


def budget_of(params: ScanParams) -> Budget:
    return budget_for(params.modelQuality, preview=is_preview(params))


def texture_side_of(params: ScanParams) -> int:
    """The longest that a texture's side may be; pictures may be too coarse for it."""
    side_px = TEXTURE_SIDES_PX[params.textureQuality]
    return min(side_px, PREVIEW_TEXTURE_PX) if is_preview(params) else side_px


def is_preview(params: ScanParams) -> bool:
    return params.quality is Quality.PREVIEW


def open_source(bench: Bench) -> StageResult:
    """Fetch the video where it is only an address, and look inside."""
    files: list[OutputFile] = []
    if bench.inputs and bench.inputs[0].kind is Kind.IMAGE:
        return StageResult(facts=SourceFacts(video=False, pictures=len(bench.inputs)))
    if bench.inputs:
        video = bench.input_paths()[0]
    else:
        video = bench.workdir / "source.video"
        bench.report(0.05, "Fetching the video")
        limits = FetchLimits(
            max_bytes=MOST_VIDEO_BYTES,
            allow_private=settings.ALLOW_PRIVATE_ADDRESSES,
        )
        download(
            bench.params.videoUrl, video, limits=limits,
            on_progress=bench.reporter(0.05, 0.9),
        )  # fmt: skip
        files.append(OutputFile(path=video, role="source", published=False))
    facts = probing.probe(video)
    if facts.video is None:
        raise UnreadableMediaError("The file has no moving pictures. Send a video.")
    return StageResult(
        files=files,
        facts=SourceFacts(
            video=True,
            duration_s=facts.duration_s,
            width_px=facts.video.width_px,
            height_px=facts.video.height_px,
            size_bytes=facts.size_bytes,
        ),
    )


def capture(bench: Bench) -> StageResult | Wait:
    """Choose pictures here, or let KIRI do the whole scan."""
    source = bench.facts("source", SourceFacts)
    fetched = [file.path for file in bench.files("source", "source")]
    files = bench.input_paths() or fetched
    if bench.engine == "kiri":
        return kiri.scan(bench, source, files)
    refuse_unwritable(bench.params.fileFormat)
    budget = budget_of(bench.params)
    folder = bench.workdir / "pictures"
    if source.video:
        pictures, facts = engine.capture_video(files[0], folder, budget, bench.report)
    else:
        pictures, facts = engine.capture_photos(files, folder, budget, bench.report)
    packed = pictures.pack(bench.workdir / "pictures.zip")
    return StageResult(
        files=[OutputFile(path=packed, role="pictures", published=False)],
        facts=facts,
        note=f"{facts.selected} of {facts.looked_at} pictures are used.",
    )


def _pictures(bench: Bench) -> Pictures:
    [packed] = bench.files("capture", "pictures")
    return Pictures.unpack(packed.path, bench.workdir / "pictures")


def _file(bench: Bench, step: str, role: str) -> Path:
    [file] = bench.files(step, role)
    return file.path


def place_cameras(bench: Bench) -> StageResult:
    """Find where each picture was taken from."""
    source = bench.facts("source", SourceFacts)
    path, facts = engine.place_cameras(
        _pictures(bench), bench.workdir, ordered=source.video, tell=bench.report
    )
    return StageResult(
        files=[OutputFile(path=path, role="poses", published=False)],
        facts=facts,
        note=f"{facts.registered} cameras placed, {facts.reprojection_px:.2f} px off.",
    )


def measure_depth(bench: Bench) -> StageResult:
    """Find the points of the surface."""
    path, facts = engine.find_surface_points(
        _pictures(bench),
        _file(bench, "poses", "poses"),
        bench.workdir,
        budget_of(bench.params),
        bench.report,
    )
    return StageResult(
        files=[OutputFile(path=path, role="cloud", published=False)], facts=facts
    )


def build_mesh(bench: Bench) -> StageResult:
    """Close a surface through the points."""
    path, facts = engine.build_mesh(
        _pictures(bench),
        _file(bench, "poses", "poses"),
        _file(bench, "depth", "cloud"),
        bench.workdir,
        budget_of(bench.params),
        keep_ground=bench.params.keeps_ground,
        tell=bench.report,
    )
    return StageResult(
        files=[OutputFile(path=path, role="surface", published=False)], facts=facts
    )


def paint(bench: Bench) -> StageResult:
    """Put the pictures' colours on the surface."""
    params = bench.params
    path, facts = engine.paint(
        _pictures(bench),
        _file(bench, "poses", "poses"),
        _file(bench, "mesh", "surface"),
        bench.workdir,
        most_px=texture_side_of(params),
        smooth=params.textureSmoothing == 1,
        longest_side_m=params.longestSideMeters,
        tell=bench.report,
    )
    return StageResult(
        files=[OutputFile(path=path, role="painted", published=False)], facts=facts
    )


def publish(bench: Bench) -> StageResult:
    """Write the files that people take away."""
    captured = bench.facts("capture", CaptureFacts)
    if captured.method is Method.KIRI:
        return _publish_vendors(bench, captured)
    started = time.monotonic()
    mesh = engine.read_mesh(_file(bench, "texture", "painted"), "scan")
    bench.report(0.05, "Writing the model")
    files = write_models(mesh, bench.workdir, bench.params.fileFormat)
    faults = usdz_faults(files)
    bench.report(0.3, "Filming the turntable")
    files += write_pictures(mesh, bench.workdir, bench.reporter(0.3, 0.95))
    poses = bench.facts("poses", PosesFacts)
    painted = bench.facts("texture", TextureFacts)
    low, high = mesh.bounds
    facts = PublishedFacts(
        method=Method.PHOTOGRAMMETRY,
        views={"selected": captured.selected, "registered": poses.registered},
        triangles=len(mesh.faces),
        texture_px=painted.texture_px,
        formats=_formats(files),
        usdz_faults=faults,
        size_m=[round(float(side), 4) for side in high - low],
        notes=notes_of(bench.params, painted),
    )
    files.append(_report(bench, facts, captured, time.monotonic() - started))
    return StageResult(
        files=files, facts=facts, note="Made on this machine from the pictures."
    )


def notes_of(params: ScanParams, painted: TextureFacts) -> list[str]:
    """What its owner should know before using it."""
    notes = []
    if painted.coverage <= 0.75:
        notes.append(
            f"Only {painted.coverage:.0%} of the surface was seen; the rest is guessed. "
            "Film lower and higher, too."
        )
    if params.scanType is not ScanType.PHOTO:
        notes.append(
            f"“{params.scanType}” is a kind of scan that only KIRI makes; this one was "
            "made from its photos' marks."
        )
    return notes


def _report(
    bench: Bench, facts: PublishedFacts, captured: CaptureFacts, publishing_s: float
) -> OutputFile:
    poses = bench.facts("poses", PosesFacts)
    depth = bench.facts("depth", DepthFacts)
    mesh = bench.facts("mesh", MeshFacts)
    painted = bench.facts("texture", TextureFacts)
    left_out = captured.left_out.model_copy(
        update={"not_placed": captured.selected - poses.registered}
    )
    report = facts.model_dump() | {
        "engine": "local",
        "left_out": left_out.model_dump(),
        "looked_at": captured.looked_at,
        "turntable": captured.turntable,
        "reprojection_px": round(poses.reprojection_px, 4),
        "focal_px": round(poses.focal_px, 2),
        "points": depth.points,
        "agreement": round(depth.agreement, 4),
        "watertight": mesh.watertight,
        "coverage": round(painted.coverage, 4),
        "seconds": {
            "capture": round(captured.seconds, 2),
            "poses": round(poses.seconds, 2),
            "depth": round(depth.seconds, 2),
            "mesh": round(mesh.seconds, 2),
            "texture": round(painted.seconds, 2),
            "publish": round(publishing_s, 2),
        },
    }
    return _json(bench, report)


def _json(bench: Bench, report: dict[str, object]) -> OutputFile:
    path = bench.workdir / "report.json"
    path.write_text(json.dumps(report, indent=2))
    return OutputFile(path=path, role="report", content_type="application/json")


def _publish_vendors(bench: Bench, captured: CaptureFacts) -> StageResult:
    """The vendor's files as they came, drawn and completed where they can be opened."""
    came = [file for file in bench.files("capture") if file.role != "vendor_archive"]
    files = [
        OutputFile(
            path=file.path,
            role=file.role,
            filename=Path(file.filename).name,
            content_type=CONTENT_TYPES.get(file.role, "application/octet-stream"),
        )
        for file in came
    ]
    [archive] = bench.files("capture", "vendor_archive")
    files.append(
        OutputFile(path=archive.path, role="vendor_archive", filename="kiri.zip")
    )
    notes: list[str] = []
    triangles = 0
    bench.report(0.1, "Opening what came")
    try:
        mesh = _drawable(bench, archive.path)
    except UnreadableModelError as error:
        # What was paid for is delivered even when we cannot draw it.
        notes.append(error.detail)
    else:
        triangles = len(mesh.faces)
        added = _missing_models(mesh, bench, {file.role for file in files})
        if added and mesh.texture is None:
            notes.append(
                "What KIRI sent has no picture on it, so USDZ and GLB are grey. Choose "
                "OBJ, GLB or USDZ to get its colours."
            )
        files += added
        bench.report(0.3, "Filming the turntable")
        files += write_pictures(mesh, bench.workdir, bench.reporter(0.3, 0.95))
    facts = PublishedFacts(
        method=Method.KIRI,
        views={"selected": captured.selected, "registered": captured.selected},
        triangles=triangles,
        formats=_formats(files),
        usdz_faults=usdz_faults(files),
        notes=notes,
    )
    files.append(
        _json(
            bench, facts.model_dump() | {"engine": "kiri", "task": captured.vendor_task}
        )
    )
    return StageResult(files=files, facts=facts, note="Made by KIRI Engine.")


def _formats(files: list[OutputFile]) -> list[str]:
    return [
        file.role.removeprefix("model_")
        for file in files
        if file.role.startswith("model_")
    ]


def _drawable(bench: Bench, archive: Path) -> TexturedMesh:
    """The model of the vendor's archive, with the pictures that lie beside it there."""
    found = unpack(archive, bench.workdir / "kiri", limits=kiri.UNPACKING)
    openable = [one.path for one in found if one.path.suffix.lower() in READABLE]
    if not openable:
        raise UnreadableModelError("kiri.zip", "it holds no format that is read here")
    openable.sort(key=lambda path: DRAWN_FIRST.index(path.suffix.lower()))
    return replace(joined(read_model(openable[0])), name="scan")


def _missing_models(
    mesh: TexturedMesh, bench: Bench, roles: set[str]
) -> list[OutputFile]:
    """USDZ and GLB are delivered whatever was asked of the vendor: standing, in metres."""
    # The pictures of a USDZ are not read here: a GLB of it would be a step back.
    if "model_usdz" in roles and (mesh.texture is None or "model_glb" in roles):
        return []
    place = placement(mesh.vertices, bench.params.longestSideMeters)
    standing = replace(mesh, vertices=place.apply(mesh.vertices))
    made = write_models(standing, bench.workdir, FileFormat.GLB)
    return [file for file in made if file.role not in roles]
