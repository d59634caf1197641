"""One page that needs nothing else: the layers follow the pointer or the phone's tilt."""

import base64
import io
import json
from collections.abc import Sequence
from html import escape
from pathlib import Path
from string import Template

from PIL import Image

from paintings.exports.sheets import FlatSheet

_PAGE = Template("""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>$title</title>
<style>
  html, body { margin: 0; height: 100%; background: #14130f; overflow: hidden; }
  body { display: grid; place-items: center; font: 15px/1.4 system-ui, sans-serif; }
  #frame { position: relative; overflow: hidden; touch-action: none;
    width: min(96vw, calc(92vh * $ratio)); aspect-ratio: $ratio;
    box-shadow: 0 1.2rem 4rem #000a; border-radius: 3px; }
  #frame img { position: absolute; inset: 0; width: 100%; height: 100%;
    will-change: transform; user-select: none; -webkit-user-drag: none; }
  #tilt { position: fixed; bottom: 1rem; left: 50%; transform: translateX(-50%);
    border: 0; border-radius: 2rem; padding: .7rem 1.3rem; font: inherit;
    background: #fffd; color: #14130f; }
  #tilt[hidden] { display: none; }
</style>
</head>
<body>
<div id="frame" role="img" aria-label="$title" tabindex="0"></div>
<button id="tilt" hidden>Follow the tilt of this phone</button>
<script>
"use strict";
const layers = $layers;
const frame = document.getElementById("frame");
const reach = 0.022, zoom = 1 + 2 * reach * Math.max(1, $ratio);
const images = layers.map((layer) => {
  const image = new Image();
  image.alt = "";
  image.src = layer.src;
  frame.append(image);
  return { image, move: layer.near - 0.5 };
});
const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
let goal = [0, 0], here = [0, 0], touched = 0;
const clamp = (value) => Math.max(-1, Math.min(1, value));
const aim = (x, y) => { goal = [clamp(x), clamp(y)]; touched = performance.now(); };
frame.addEventListener("pointermove", (event) => {
  const box = frame.getBoundingClientRect();
  aim(2 * (event.clientX - box.left) / box.width - 1,
      2 * (event.clientY - box.top) / box.height - 1);
});
frame.addEventListener("keydown", (event) => {
  const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
  if (step) { event.preventDefault(); aim(goal[0] + step[0] / 4, goal[1] + step[1] / 4); }
});
let level = null;
const tilted = (event) => {
  if (event.gamma === null) return;
  level ??= [event.gamma, event.beta];
  aim((event.gamma - level[0]) / 20, (event.beta - level[1]) / 20);
};
const button = document.getElementById("tilt");
const asks = typeof DeviceOrientationEvent !== "undefined" && DeviceOrientationEvent.requestPermission;
if (asks) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    if (await DeviceOrientationEvent.requestPermission() === "granted")
      addEventListener("deviceorientation", tilted);
    button.hidden = true;
  });
} else {
  addEventListener("deviceorientation", tilted);
}
const draw = (now) => {
  if (!calm && now - touched > 2500)
    goal = [0.6 * Math.sin(now / 1800), 0.35 * Math.cos(now / 2300)];
  here = here.map((value, axis) => value + 0.09 * (goal[axis] - value));
  for (const { image, move } of images) {
    const x = -100 * 2 * reach * move * here[0], y = -100 * 2 * reach * move * here[1];
    image.style.transform = `translate($${x}%, $${y}%) scale($${zoom})`;
  }
  requestAnimationFrame(draw);
};
requestAnimationFrame(draw);
</script>
</body>
</html>
""")


def write_viewer(path: Path, sheets: Sequence[FlatSheet], *, title: str) -> Path:
    """Write the page with its pictures inside."""
    height, width = sheets[0].alpha.shape
    layers = [
        {"src": _data_uri(sheet), "near": round(sheet.near, 4)} for sheet in sheets
    ]
    page = _PAGE.substitute(
        title=escape(title, quote=True),
        ratio=f"{width / height:.5f}",
        layers=json.dumps(layers),
    )
    path.write_text(page, encoding="utf-8")
    return path


def _data_uri(sheet: FlatSheet) -> str:
    solid = int(sheet.alpha.min()) == 255
    picture = Image.fromarray(sheet.rgb if solid else sheet.rgba)
    stored = io.BytesIO()
    picture.save(stored, "WEBP", quality=86, method=2)
    return "data:image/webp;base64," + base64.b64encode(stored.getvalue()).decode()
