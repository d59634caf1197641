"""The lens that a scan's cameras are given: bent where the pictures say so only."""

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

FOCAL_PX = 1280.0


def _told(
    bend: float, pictures: int, points: int, noise_px: float
) -> tuple[float, ...]:
    """Focal length and bend that made-up pictures of a small thing give, corrected."""
    # The worker binds zlib before pycolmap comes.
    from scans.engines.photogrammetry import settling  # isort: skip
    import pycolmap

    pycolmap.set_random_seed(3)
    made = pycolmap.SyntheticDatasetOptions()
    made.num_rigs, made.num_frames_per_rig = 1, pictures
    made.num_points3D = points
    made.camera_params = [FOCAL_PX, 512.0, 384.0, bend]
    model = pycolmap.synthesize_dataset(made)
    noise = pycolmap.SyntheticNoiseOptions()
    noise.point2D_stddev = noise_px
    pycolmap.synthesize_noise(noise, model)
    pycolmap.bundle_adjustment(model, pycolmap.BundleAdjustmentOptions())
    [camera] = settling.settled(model).cameras.values()
    return tuple(camera.params)


def told(**what: float) -> tuple[float, float]:
    # pycolmap lives in processes of its own.
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        focal_px, _, _, bend = pool.submit(_told, **what).result()  # type: ignore[arg-type]
    return focal_px, bend


def test_marks_that_tell_no_bend_give_a_straight_lens() -> None:
    focal_px, bend = told(bend=0.0, pictures=6, points=60, noise_px=1.0)

    assert bend == 0.0
    assert abs(focal_px / FOCAL_PX - 1) < 0.005


def test_a_lens_that_bends_stays_bent() -> None:
    focal_px, bend = told(bend=0.05, pictures=12, points=400, noise_px=0.3)

    assert abs(bend - 0.05) < 0.005
    assert abs(focal_px / FOCAL_PX - 1) < 0.002
