"""What a quality setting may spend."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Budget:
    """How much work goes into one scan."""

    frames: int
    # The longest side of pictures while cameras are placed, and while depth is found.
    pose_px: int
    stereo_px: int
    sweeps: int
    triangles: int
    # Resolution of the surface: so many cells along the longest side.
    poisson_depth: int


# KIRI's words and numbers: 0 High, 1 Medium, 2 Low, 3 Ultra.
_BY_QUALITY = {
    0: Budget(
        frames=36, pose_px=1200, stereo_px=640, sweeps=2, triangles=49_000,
        poisson_depth=8,
    ),
    1: Budget(
        frames=30, pose_px=1000, stereo_px=560, sweeps=2, triangles=36_000,
        poisson_depth=8,
    ),
    2: Budget(
        frames=24, pose_px=800, stereo_px=480, sweeps=1, triangles=20_000,
        poisson_depth=8,
    ),
    3: Budget(
        frames=60, pose_px=1600, stereo_px=960, sweeps=3, triangles=98_000,
        poisson_depth=9,
    ),
}  # fmt: skip

PREVIEW = Budget(
    frames=20, pose_px=720, stereo_px=400, sweeps=1, triangles=12_000,
    poisson_depth=7,
)  # fmt: skip

# KIRI's, too: 0 is 4K, 1 is 2K, 2 is 1K, 3 is 8K.
TEXTURE_SIDES_PX = {0: 4096, 1: 2048, 2: 1024, 3: 8192}
PREVIEW_TEXTURE_PX = 1024


def budget_for(quality: int, *, preview: bool) -> Budget:
    return PREVIEW if preview else _BY_QUALITY[quality]
