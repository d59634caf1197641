"""Four more kinds of photographs, so that depth is not judged by the samples' kinds alone."""

from collections.abc import Callable

import numpy as np

from paintings.scenery.canvas import (
    Canvas,
    Colour,
    Floats,
    SceneLayer,
    blurred,
    lit,
    mixed,
    union,
)


def _tone(c: Canvas, low: float, high: float) -> Colour:
    red, green, blue = (float(v) for v in c.rng.uniform(low, high, 3))
    return red, green, blue


def _solid(c: Canvas) -> Floats:
    return np.ones((c.height, c.width), np.float32)


def _rough(c: Canvas, rgb: Floats, spread: float, cells: float) -> Floats:
    return lit(rgb, (1 + spread * c.grain(cells, octaves=4)).astype(np.float32))


def _seaside(c: Canvas) -> list[SceneLayer]:
    """Sky; sea and sand, which are one ground; a palm that stands in the sand."""
    sky = c.fade((0.36, 0.60, 0.88), (0.86, 0.91, 0.95))
    horizon = float(c.rng.uniform(0.42, 0.5))
    sea = c.fade((0.10, 0.36, 0.52), (0.24, 0.62, 0.66))
    waves = 1 + 0.16 * c.grain(16, octaves=5, stretch=5)
    shore = (0.66 + 0.015 * c.ridge(rough=0.5, detail=4)) * c.height
    sand = _rough(c, c.fade((0.80, 0.70, 0.52), (0.90, 0.82, 0.66)), 0.07, 90)
    beach = mixed(
        lit(sea, waves.astype(np.float32)), sand, c.below(shore.astype(np.float32))
    )
    line = np.full(c.width, horizon * c.height, np.float32)
    x = float(c.rng.uniform(0.2, 0.75))
    lean = float(c.rng.uniform(-0.06, 0.06))
    top = (x + lean, 0.28)
    trunk = c.stroke(
        [(x, 0.95), (x + 0.3 * lean, 0.6), top], widths=[0.03, 0.02, 0.015]
    )
    leaves = np.zeros_like(trunk)
    for turn in np.linspace(0, 2 * np.pi, 9, endpoint=False):
        middle = top[0] + 0.09 * np.cos(turn), top[1] - 0.02 + 0.08 * np.sin(turn)
        end = top[0] + 0.16 * np.cos(turn), top[1] + 0.07 + 0.12 * np.sin(turn)
        frond = c.stroke([top, middle, end], widths=[0.008, 0.024, 0.004])
        leaves = union(leaves, frond)
    palm = _rough(c, c.fill((0.42, 0.31, 0.20)), 0.25, 70)
    palm = mixed(palm, _rough(c, c.fill((0.16, 0.38, 0.13)), 0.3, 100), leaves)
    shade = blurred(c.ellipse(x + 0.05, 0.95, 0.08, 0.012), c.width / 150)
    return [
        SceneLayer(name="sky", rgb=sky, alpha=_solid(c), near=0.0),
        SceneLayer(
            name="beach", rgb=lit(beach, 1 - 0.4 * shade), alpha=c.below(line), near=0.5
        ),
        SceneLayer(name="palm", rgb=palm, alpha=union(trunk, leaves), near=1.0),
    ]


def _parlour(c: Canvas) -> list[SceneLayer]:
    """A papered wall and a floor, which are one room; an armchair; a plant in front."""
    xs, _ = c.grid()
    wall = c.fill(_tone(c, 0.45, 0.8))
    wall = lit(wall, (1 + 0.06 * np.sign(np.sin(xs * 110))).astype(np.float32))
    planks = _rough(c, c.fade((0.42, 0.29, 0.19), (0.56, 0.40, 0.27)), 0.1, 40)
    room = mixed(wall, planks, c.below(np.full(c.width, 0.7 * c.height, np.float32)))
    frame = c.polygon([(0.6, 0.12), (0.82, 0.12), (0.82, 0.4), (0.6, 0.4)])
    room = mixed(room, _rough(c, c.fill(_tone(c, 0.2, 0.9)), 0.4, 6), frame)
    x = float(c.rng.uniform(0.38, 0.55))
    back = c.polygon(
        [(x - 0.13, 0.36), (x + 0.13, 0.36), (x + 0.14, 0.66), (x - 0.14, 0.66)]
    )
    seat = c.polygon(
        [(x - 0.19, 0.6), (x + 0.19, 0.6), (x + 0.19, 0.82), (x - 0.19, 0.82)]
    )
    legs = union(
        c.stroke([(x - 0.17, 0.8), (x - 0.17, 0.88)], widths=[0.02, 0.014]),
        c.stroke([(x + 0.17, 0.8), (x + 0.17, 0.88)], widths=[0.02, 0.014]),
    )
    chair_tone = _tone(c, 0.1, 0.85)
    chair = lit(_rough(c, c.fill(chair_tone), 0.06, 120), 1 - 0.2 * seat * (1 - back))
    chair = mixed(chair, c.fill((0.2, 0.13, 0.08)), legs * (1 - seat))
    shade = blurred(c.ellipse(x, 0.88, 0.2, 0.02), c.width / 90)
    spot = x + float(c.rng.choice([-1, 1])) * 0.28
    pot = c.polygon(
        [
            (spot - 0.05, 0.78),
            (spot + 0.05, 0.78),
            (spot + 0.04, 0.95),
            (spot - 0.04, 0.95),
        ]
    )
    leaves = np.zeros_like(pot)
    for _ in range(22):
        dx, dy = c.rng.normal(0, 0.045), c.rng.normal(0, 0.09)
        turn = float(c.rng.uniform(0, 180))
        leaves = union(leaves, c.ellipse(spot + dx, 0.6 + dy, 0.02, 0.06, turn=turn))
    stem = c.stroke([(spot, 0.8), (spot, 0.55)], widths=[0.012, 0.01])
    plant = _rough(c, c.fill((0.70, 0.36, 0.22)), 0.08, 40)
    green = _rough(c, c.fill((0.18, 0.40, 0.16)), 0.3, 60)
    plant = mixed(plant, green, union(leaves, stem))
    return [
        SceneLayer(
            name="room", rgb=lit(room, 1 - 0.4 * shade), alpha=_solid(c), near=0
        ),
        SceneLayer(name="chair", rgb=chair, alpha=union(back, seat, legs), near=0.6),
        SceneLayer(name="plant", rgb=plant, alpha=union(pot, leaves, stem), near=1.0),
    ]


def _pasture(c: Canvas) -> list[SceneLayer]:
    """A wood out of focus, a lawn, and a brown and white dog on it."""
    wood = _rough(c, c.fade((0.30, 0.42, 0.30), (0.16, 0.26, 0.14)), 0.5, 9)
    wood = blurred(np.clip(wood, 0, 1).astype(np.float32), c.width / 120)
    edge = (0.5 + 0.012 * c.ridge(rough=0.5, detail=5)) * c.height
    lawn = _rough(c, c.fade((0.44, 0.58, 0.24), (0.26, 0.44, 0.12)), 0.25, 90)
    x = float(c.rng.uniform(0.38, 0.6))
    body = c.ellipse(x, 0.62, 0.15, 0.1)
    legs = [
        c.stroke([(x + dx, 0.66), (x + 1.05 * dx, 0.87)], widths=[0.045, 0.028])
        for dx in (-0.12, -0.07, 0.08, 0.12)
    ]
    head = union(
        c.ellipse(x + 0.17, 0.47, 0.055, 0.075), c.ellipse(x + 0.22, 0.5, 0.04, 0.035)
    )
    neck = c.stroke([(x + 0.1, 0.58), (x + 0.16, 0.48)], widths=[0.1, 0.07])
    tail = c.stroke([(x - 0.13, 0.58), (x - 0.22, 0.44)], widths=[0.03, 0.012])
    dog = union(body, *legs, head, neck, tail)
    coat = lit(c.fill((0.52, 0.34, 0.19)), c.round_light(dog))
    coat = _rough(c, coat, 0.14, 130)
    white = union(c.ellipse(x + 0.02, 0.64, 0.07, 0.07), legs[0], legs[3])
    coat = mixed(coat, lit(c.fill((0.9, 0.88, 0.84)), c.round_light(dog)), white)
    shade = blurred(c.ellipse(x, 0.875, 0.16, 0.018), c.width / 120)
    return [
        SceneLayer(name="wood", rgb=wood, alpha=_solid(c), near=0.0),
        SceneLayer(
            name="lawn",
            rgb=lit(lawn, 1 - 0.45 * shade),
            alpha=c.below(edge.astype(np.float32)),
            near=0.5,
        ),
        SceneLayer(name="dog", rgb=coat, alpha=dog, near=1.0),
    ]


def _dusk(c: Canvas) -> list[SceneLayer]:
    """Three ridges, each darker than the one behind it, under an evening sky."""
    sky = c.fade((0.28, 0.22, 0.46), (0.98, 0.62, 0.38))
    layers = [SceneLayer(name="sky", rgb=sky, alpha=_solid(c), near=0.0)]
    for number, base in enumerate((0.5, 0.66, 0.82)):
        share = number / 2
        tone = (0.50 - 0.40 * share, 0.34 - 0.27 * share, 0.46 - 0.34 * share)
        reach = 0.06 - 0.012 * number
        line = (base + reach * c.ridge(rough=0.5, detail=6)) * c.height
        ridge = _rough(c, c.fill(tone), 0.06 + 0.06 * number, 60)
        layers.append(
            SceneLayer(
                name=f"ridge {number + 1}",
                rgb=ridge,
                alpha=c.below(line.astype(np.float32)),
                near=(number + 1) / 3,
            )
        )
    return layers


OTHER_KINDS: dict[str, Callable[[Canvas], list[SceneLayer]]] = {
    "seaside": _seaside,
    "parlour": _parlour,
    "pasture": _pasture,
    "dusk": _dusk,
}
