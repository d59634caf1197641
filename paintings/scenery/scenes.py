"""Five kinds of photographs, drawn from chance: no two seeds alike, every layer known."""

from collections.abc import Callable

import numpy as np

from paintings.scenery.canvas import (
    Canvas,
    Colour,
    Floats,
    Scene,
    SceneLayer,
    blurred,
    lit,
    mixed,
    union,
)
from paintings.scenery.others import OTHER_KINDS

_HAZE: Colour = (0.74, 0.80, 0.88)


def compose(kind: str, *, seed: int = 0, width: int = 1200, height: int = 800) -> Scene:
    """Draw one scene of this kind."""
    canvas = Canvas(width=width, height=height, rng=np.random.default_rng(seed))
    layers = (KINDS | OTHER_KINDS)[kind](canvas)
    # A camera's noise, the same over all layers, as in one exposure.
    noise = canvas.rng.normal(0, 0.006, (height, width, 1)).astype(np.float32)
    return Scene(
        kind=kind,
        layers=[
            SceneLayer(
                name=layer.name,
                rgb=np.clip(layer.rgb + noise, 0, 1).astype(np.float32),
                alpha=layer.alpha,
                near=layer.near,
            )
            for layer in layers
        ],
    )


def _landscape(c: Canvas) -> list[SceneLayer]:
    xs, ys = c.grid()
    everywhere = np.ones((c.height, c.width), np.float32)
    warm = c.rng.uniform(0, 1)
    sky = c.fade((0.30, 0.50, 0.82), (0.93 - 0.1 * warm, 0.84, 0.72 + 0.12 * warm))
    clouds = np.clip(c.grain(3, stretch=2.4) * 0.45 - 0.1 - 0.3 * ys, 0, 1)
    sky = mixed(sky, c.fill((0.98, 0.96, 0.94)), clouds.astype(np.float32))
    sun = np.exp(-(((xs - 0.7) / 0.10) ** 2 + ((ys - 0.33) / 0.14) ** 2))
    sky = np.clip(sky + sun[..., None] * np.array([0.22, 0.16, 0.02]), 0, 1)
    far = _hills(c, base=0.43, reach=0.055, colour=(0.36, 0.42, 0.52), haze=0.52)
    middle = _hills(c, base=0.60, reach=0.035, colour=(0.24, 0.36, 0.20), haze=0.18)
    meadow = _meadow(c)
    return [
        SceneLayer(name="sky", rgb=sky.astype(np.float32), alpha=everywhere, near=0.0),
        SceneLayer(name="mountains", rgb=far[0], alpha=far[1], near=0.3),
        SceneLayer(name="woods", rgb=middle[0], alpha=middle[1], near=0.6),
        SceneLayer(name="tree", rgb=meadow[0], alpha=meadow[1], near=1.0),
    ]


def _hills(
    c: Canvas, *, base: float, reach: float, colour: Colour, haze: float
) -> tuple[Floats, Floats]:
    line = (base + reach * c.ridge(rough=0.55, detail=7)) * c.height
    alpha = c.below(line.astype(np.float32))
    _, ys = c.grid()
    texture = 1 + 0.22 * c.grain(24, stretch=1.6) + 0.10 * c.grain(140, octaves=2)
    rgb = lit(c.fill(colour), texture.astype(np.float32))
    depth = np.clip((ys - base) * 3, 0, 1) * 0.5
    rgb = mixed(rgb, c.fill(_HAZE), (haze * (1 - depth)).astype(np.float32))
    return rgb, alpha


def _meadow(c: Canvas) -> tuple[Floats, Floats]:
    line = (0.84 + 0.02 * c.ridge(rough=0.5, detail=4)) * c.height
    ground = c.below(line.astype(np.float32))
    blades = c.grain(60, octaves=4, stretch=0.35)
    grass = lit(
        c.fade((0.42, 0.50, 0.14), (0.20, 0.30, 0.06)),
        (1 + 0.30 * blades).astype(np.float32),
    )
    x = float(c.rng.uniform(0.18, 0.38))
    trunk = c.stroke(
        [(x, 0.96), (x + 0.01, 0.66), (x - 0.005, 0.42)], widths=[0.045, 0.028, 0.014]
    )
    crown = np.zeros_like(trunk)
    for _ in range(16):
        dx, dy = c.rng.normal(0, 0.055), c.rng.normal(0, 0.06)
        crown = union(
            crown,
            c.ellipse(
                x + dx, 0.36 + dy, c.rng.uniform(0.03, 0.06), c.rng.uniform(0.05, 0.08)
            ),
        )
    leaves = np.clip(crown * 4 - 1.2 + 0.9 * c.grain(60, octaves=3), 0, 1) * (crown > 0)
    leaf_rgb = lit(
        c.fill((0.22, 0.38, 0.09)),
        (c.round_light(crown) * (1 + 0.35 * c.grain(90, octaves=2))).astype(np.float32),
    )
    bark = lit(
        c.fill((0.30, 0.20, 0.12)),
        (1 + 0.3 * c.grain(90, octaves=3, stretch=0.3)).astype(np.float32),
    )
    rgb = mixed(grass, bark, trunk)
    rgb = mixed(rgb, leaf_rgb, leaves.astype(np.float32))
    return rgb, union(ground, trunk, leaves.astype(np.float32))


def _portrait(c: Canvas) -> list[SceneLayer]:
    everywhere = np.ones((c.height, c.width), np.float32)
    back = _lights_out_of_focus(c)
    x = float(c.rng.uniform(0.42, 0.58))
    torso = union(
        c.ellipse(x, 1.06, 0.24, 0.42),
        c.polygon(
            [(x - 0.055, 0.5), (x + 0.055, 0.5), (x + 0.08, 0.8), (x - 0.08, 0.8)]
        ),
    )
    head = c.ellipse(x, 0.37, 0.095, 0.19)
    hair = union(
        c.ellipse(x, 0.31, 0.118, 0.20), c.ellipse(x - 0.02, 0.42, 0.115, 0.20)
    )
    strands = np.clip(hair * 3 - 0.7 + 0.35 * c.grain(120, octaves=2), 0, 1) * (
        hair > 0
    )
    tone = c.rng.uniform(0.15, 0.75, 3)
    weave = 1 + 0.10 * c.grain(220, octaves=2) + 0.18 * c.grain(9)
    cloth = lit(
        c.fill((float(tone[0]), float(tone[1]), float(tone[2]))),
        (c.round_light(torso) * weave).astype(np.float32),
    )
    dark = c.rng.uniform() >= 0.5
    skin_tone: Colour = (0.52, 0.35, 0.26) if dark else (0.86, 0.64, 0.52)
    skin = lit(c.fill(skin_tone), c.round_light(head) * (1 + 0.02 * c.grain(80)))
    hair_rgb = lit(
        c.fill((0.20, 0.12, 0.07)),
        (1 + 0.4 * c.grain(150, octaves=2, stretch=0.12)).astype(np.float32),
    )
    neck = c.polygon(
        [(x - 0.05, 0.45), (x + 0.05, 0.45), (x + 0.07, 0.68), (x - 0.07, 0.68)]
    )
    rgb = mixed(cloth, hair_rgb, strands.astype(np.float32))
    rgb = mixed(rgb, lit(skin, 0 * head + 0.82), neck)
    rgb = _features(c, mixed(rgb, skin, head), x, skin, hair_rgb)
    fringe = np.clip(
        c.ellipse(x, 0.21, 0.095, 0.065) * 3 - 0.6 + 0.4 * c.grain(110), 0, 1
    )
    rgb = mixed(rgb, hair_rgb, (fringe * (hair > 0)).astype(np.float32))
    person = union(torso, head, neck, strands.astype(np.float32))
    return [
        SceneLayer(name="backdrop", rgb=back, alpha=everywhere, near=0.0),
        SceneLayer(name="person", rgb=rgb, alpha=person, near=1.0),
    ]


def _lights_out_of_focus(c: Canvas) -> Floats:
    hue = c.rng.uniform(0.2, 0.5, 3)
    back = c.fill((float(hue[0]), float(hue[1]) + 0.1, float(hue[2])))
    back = back * (1 + 0.35 * c.grain(4, octaves=3))[..., None]
    for _ in range(26):
        spot = c.ellipse(c.rng.uniform(), c.rng.uniform(0, 0.8), 0.022, 0.033)
        glow = np.array(c.rng.uniform(0.5, 1.0, 3), np.float32)
        back = back * (1 - 0.4 * spot[..., None]) + 0.4 * glow * spot[..., None]
    return blurred(np.clip(back, 0, 1).astype(np.float32), c.width / 110)


def _features(c: Canvas, rgb: Floats, x: float, skin: Floats, hair: Floats) -> Floats:
    """Eyes, brows, mouth and nose on a head whose middle is at x."""
    white, iris = c.fill((0.95, 0.94, 0.92)), c.fill((0.16, 0.11, 0.08))
    for side in (-1, 1):
        eye = x + side * 0.037
        rgb = mixed(rgb, white, c.ellipse(eye, 0.35, 0.016, 0.013))
        rgb = mixed(rgb, iris, c.ellipse(eye, 0.35, 0.008, 0.012))
        rgb = mixed(rgb, hair, c.ellipse(eye, 0.315, 0.022, 0.006))
    rgb = mixed(rgb, c.fill((0.66, 0.28, 0.26)), c.ellipse(x, 0.475, 0.03, 0.011))
    nose = c.ellipse(x + 0.004, 0.42, 0.012, 0.014)
    return mixed(rgb, lit(skin, 0 * nose + 0.8), nose)


def _still_life(c: Canvas) -> list[SceneLayer]:
    everywhere = np.ones((c.height, c.width), np.float32)
    wall_tone = c.rng.uniform(0.25, 0.55, 3)
    wall = c.fill((float(wall_tone[0]), float(wall_tone[1]), float(wall_tone[2])))
    wall = wall * (1 + 0.12 * c.grain(5) + 0.03 * c.grain(200, octaves=2))[..., None]
    edge = np.full(c.width, 0.64 * c.height, np.float32)
    table_mask = c.below(edge)
    boards = 1 + 0.22 * c.grain(6, octaves=6, stretch=6.0)
    table = lit(
        c.fade((0.30, 0.18, 0.10), (0.62, 0.40, 0.22)), boards.astype(np.float32)
    )
    x = float(c.rng.uniform(0.38, 0.5))
    vase = union(
        c.ellipse(x, 0.58, 0.085, 0.17),
        c.polygon(
            [(x - 0.035, 0.25), (x + 0.035, 0.25), (x + 0.03, 0.5), (x - 0.03, 0.5)]
        ),
        c.ellipse(x, 0.255, 0.05, 0.02),
    )
    glaze_tone = c.rng.uniform(0.2, 0.85, 3)
    glaze = lit(
        c.fill((float(glaze_tone[0]), float(glaze_tone[1]), float(glaze_tone[2]))),
        (c.round_light(vase) * (1 + 0.10 * c.grain(30))).astype(np.float32),
    )
    table = lit(
        table, 1 - 0.45 * blurred(c.ellipse(x + 0.07, 0.76, 0.12, 0.035), c.width / 70)
    )
    fruit_mask = np.zeros_like(vase)
    fruit = c.fill((0.5, 0.1, 0.1))
    start = float(c.rng.uniform(0.50, 0.56))
    for number in range(3):
        ball = c.ellipse(
            start + 0.12 * number, 0.80 + 0.03 * (number % 2), 0.068, 0.098
        )
        tone = np.array(c.rng.uniform((0.6, 0.1, 0.05), (0.95, 0.65, 0.2)), np.float32)
        skin = 1 + 0.12 * c.grain(60)
        shaded = lit(
            np.broadcast_to(tone, fruit.shape).astype(np.float32),
            (c.round_light(ball) * skin).astype(np.float32),
        )
        fruit = mixed(fruit, shaded, ball)
        fruit_mask = union(fruit_mask, ball)
    shade = blurred(c.ellipse(start + 0.15, 0.89, 0.24, 0.03), c.width / 80)
    table = lit(table, 1 - 0.5 * shade)
    return [
        SceneLayer(
            name="wall", rgb=wall.astype(np.float32), alpha=everywhere, near=0.0
        ),
        SceneLayer(name="table", rgb=table, alpha=table_mask, near=0.4),
        SceneLayer(name="vase", rgb=glaze, alpha=vase, near=0.7),
        SceneLayer(name="fruit", rgb=fruit, alpha=fruit_mask, near=1.0),
    ]


def _street(c: Canvas) -> list[SceneLayer]:
    everywhere = np.ones((c.height, c.width), np.float32)
    vanish_x = float(c.rng.uniform(0.42, 0.58))
    sky = c.fade((0.50, 0.66, 0.88), (0.90, 0.90, 0.88))
    sky = mixed(sky, c.fill((1, 1, 1)), np.clip(0.35 * c.grain(3, stretch=2), 0, 1))
    town, town_mask = _town(c, vanish_x)
    x = float(c.rng.uniform(0.28, 0.72))
    coat, walker = _walker(c, x)
    shadow = blurred(c.ellipse(x + 0.03, 0.925, 0.09, 0.012), c.width / 150)
    town = lit(town, 1 - 0.45 * shadow)
    return [
        SceneLayer(name="sky", rgb=sky, alpha=everywhere, near=0.0),
        SceneLayer(name="town", rgb=town, alpha=town_mask, near=0.5),
        SceneLayer(name="walker", rgb=coat, alpha=walker, near=1.0),
    ]


def _town(c: Canvas, vanish_x: float) -> tuple[Floats, Floats]:
    """Two fronts with windows and a road, all running to one point."""
    near_left, near_right = vanish_x - 0.1, vanish_x + 0.1
    left = c.polygon([(0, -0.1), (near_left, 0.38), (near_left, 0.56), (0, 0.9)])
    right = c.polygon([(1, -0.06), (near_right, 0.36), (near_right, 0.56), (1, 0.9)])
    ends = vanish_x - 0.12, vanish_x + 0.12
    end = c.polygon(
        [(ends[0], 0.40), (ends[1], 0.40), (ends[1], 0.58), (ends[0], 0.58)]
    )
    road = c.polygon([(ends[0], 0.55), (ends[1], 0.55), (1.6, 1.2), (-0.6, 1.2)])
    xs, ys = c.grid()
    away = np.abs(xs - vanish_x) + 1e-3
    column = np.log(away) * 7
    storey = (ys - 0.5) / away * 5
    window = (np.mod(column, 1) > 0.45) & (np.mod(storey, 1) > 0.42) & (storey < 1)
    tone = c.rng.uniform(0.45, 0.75, 3)
    plaster = c.fill((float(tone[0]), float(tone[1]) * 0.9, float(tone[2]) * 0.8))
    plaster = (
        plaster * (1 + 0.08 * c.grain(90, octaves=3) + 0.1 * np.sin(column))[..., None]
    )
    house = mixed(
        plaster.astype(np.float32),
        c.fill((0.20, 0.24, 0.30)),
        window.astype(np.float32),
    )
    house = mixed(house, c.fill((0.80, 0.82, 0.86)), np.clip(0.5 - 1.6 * away, 0, 1))
    asphalt = lit(
        c.fade((0.5, 0.5, 0.52), (0.30, 0.30, 0.32)), 1 + 0.14 * c.grain(160, octaves=3)
    )
    town = mixed(house, asphalt, road * (1 - union(left, right)))
    return town, union(left, right, end, road)


def _walker(c: Canvas, x: float) -> tuple[Floats, Floats]:
    """Somebody in a coat, from head to feet."""
    tone = c.rng.uniform(0.1, 0.8, 3)
    walker = union(
        c.ellipse(x, 0.44, 0.022, 0.045),
        c.ellipse(x, 0.62, 0.05, 0.145),
        c.stroke([(x - 0.018, 0.70), (x - 0.035, 0.93)], widths=[0.035, 0.024]),
        c.stroke([(x + 0.018, 0.70), (x + 0.04, 0.91)], widths=[0.035, 0.024]),
    )
    coat = lit(
        c.fill((float(tone[0]), float(tone[1]), float(tone[2]))),
        (c.round_light(walker) * (1 + 0.12 * c.grain(140, octaves=2))).astype(
            np.float32
        ),
    )
    trousers = c.below(np.full(c.width, 0.74 * c.height, np.float32))
    coat = mixed(coat, c.fill((0.12, 0.12, 0.16)), trousers)
    skin = lit(c.fill((0.80, 0.60, 0.48)), c.round_light(walker))
    return mixed(coat, skin, c.ellipse(x, 0.45, 0.021, 0.04)), walker


def _low_light(c: Canvas) -> list[SceneLayer]:
    xs, ys = c.grid()
    everywhere = np.ones((c.height, c.width), np.float32)
    sky = c.fade((0.03, 0.04, 0.12), (0.30, 0.18, 0.26))
    moon = c.ellipse(0.76, 0.2, 0.03, 0.045)
    glow = np.exp(-(((xs - 0.76) / 0.14) ** 2 + ((ys - 0.2) / 0.2) ** 2))
    sky = np.clip(sky + 0.18 * glow[..., None], 0, 1)
    sky = mixed(sky.astype(np.float32), c.fill((0.96, 0.93, 0.84)), moon)
    stars = (c.rng.uniform(size=xs.shape) > 0.9997) & (ys < 0.4)
    sky = np.clip(sky + blurred(stars.astype(np.float32), 0.8)[..., None] * 3, 0, 1)
    heights = (
        0.5 + 0.06 * np.repeat(c.rng.normal(size=18), -(-c.width // 18))[: c.width]
    )
    town = c.below((heights * c.height).astype(np.float32))
    lights = (np.mod(xs * 90, 1) > 0.5) & (np.mod(ys * 70, 1) > 0.5)
    cell = c.rng.uniform(size=(70, 90)) > 0.72
    on = cell[
        np.minimum((ys * 70).astype(int), 69), np.minimum((xs * 90).astype(int), 89)
    ]
    walls = lit(c.fill((0.11, 0.10, 0.17)), 1 + 0.2 * c.grain(40))
    walls = mixed(
        walls,
        c.fill((0.95, 0.72, 0.34)),
        (lights & on & (ys < 0.74)).astype(np.float32) * 0.9,
    )
    water_line = c.below(np.full(c.width, 0.74 * c.height, np.float32))
    ripple = np.clip(0.25 + 0.3 * c.grain(20, octaves=5, stretch=5.0), 0, 1)
    water = c.fill((0.07, 0.08, 0.16)) + 0.25 * ripple[..., None] * np.array(
        [0.8, 0.55, 0.35]
    )
    walls = mixed(walls, np.clip(water, 0, 1).astype(np.float32), water_line)
    x = float(c.rng.uniform(0.25, 0.45))
    post = c.stroke([(x, 1.05), (x, 0.3)], widths=[0.02, 0.012])
    lamp = union(
        c.ellipse(x, 0.27, 0.028, 0.05),
        c.polygon([(x - 0.035, 0.24), (x + 0.035, 0.24), (x, 0.18)]),
    )
    quay = c.below(
        (0.9 * c.height + 4 * c.ridge(rough=0.4, detail=5)).astype(np.float32)
    )
    stone = lit(
        c.fade((0.2, 0.17, 0.15), (0.42, 0.34, 0.26)), 1 + 0.3 * c.grain(50, octaves=4)
    )
    iron = lit(c.fill((0.16, 0.15, 0.14)), c.round_light(post))
    front = mixed(stone, iron, post)
    front = mixed(front, c.fill((1.0, 0.88, 0.58)), lamp)
    return [
        SceneLayer(name="sky", rgb=sky.astype(np.float32), alpha=everywhere, near=0.0),
        SceneLayer(name="town", rgb=walls, alpha=town, near=0.5),
        SceneLayer(name="quay", rgb=front, alpha=union(post, lamp, quay), near=1.0),
    ]


KINDS: dict[str, Callable[[Canvas], list[SceneLayer]]] = {
    "landscape": _landscape,
    "portrait": _portrait,
    "still_life": _still_life,
    "street": _street,
    "low_light": _low_light,
}
