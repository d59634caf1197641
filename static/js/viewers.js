// Results shown as what they are: a model to turn, layers to take apart, before and after, tables.

import { icon } from "./live.js";

const MODEL_VIEWER = new URL("../vendor/model-viewer/model-viewer.min.js", import.meta.url).href;

function button(label, name, onClick) {
  const made = document.createElement("button");
  made.type = "button";
  made.className = "btn btn-sm";
  made.append(icon(name), ` ${label}`);
  made.addEventListener("click", () => onClick(made));
  return made;
}

// The 3D viewer is large: it is loaded when a model comes into sight.
class ModelView extends HTMLElement {
  connectedCallback() {
    const seen = new IntersectionObserver((entries) => {
      if (entries.some((entry) => entry.isIntersecting)) {
        seen.disconnect();
        this.load();
      }
    }, { rootMargin: "200px" });
    seen.observe(this);
  }

  async load() {
    await import(MODEL_VIEWER);
    const viewer = document.createElement("model-viewer");
    const settings = {
      src: this.getAttribute("src"),
      alt: this.getAttribute("alt"),
      "camera-controls": "",
      "touch-action": "pan-y",
      "shadow-intensity": "0.7",
      "environment-image": "neutral",
      "interaction-prompt": "none",
      ar: "",
      "ar-modes": "webxr scene-viewer quick-look",
    };
    if (this.hasAttribute("usdz")) settings["ios-src"] = this.getAttribute("usdz");
    if (this.hasAttribute("poster")) settings.poster = this.getAttribute("poster");
    if (!matchMedia("(prefers-reduced-motion: reduce)").matches) settings["auto-rotate"] = "";
    for (const [name, value] of Object.entries(settings)) viewer.setAttribute(name, value);
    viewer.addEventListener("load", () => this.setAttribute("ready", ""), { once: true });
    viewer.addEventListener("error", () => this.fail(), { once: true });
    this.replaceChildren(viewer);
  }

  fail() {
    const words = document.createElement("p");
    words.className = "viewer-wait";
    words.textContent = "This browser cannot show the model. The files can be downloaded beside it.";
    this.replaceChildren(words);
  }
}

// Layers lie on one another; pulled apart they stand in depth, and tilt after the pointer.
class LayerStack extends HTMLElement {
  connectedCallback() {
    if (this.stage) return;
    const layers = [...this.querySelectorAll("img")];
    this.stage = document.createElement("div");
    this.stage.className = "layer-stage";
    this.stack = document.createElement("div");
    this.stack.className = "layer-stack";
    this.stack.append(...layers);
    this.stage.append(this.stack);
    this.layers = layers;
    this.apart = 0;
    this.replaceChildren(this.stage, this.controls());
    this.tilt(0, 0);
    this.stage.addEventListener("pointermove", (event) => this.follow(event));
    this.stage.addEventListener("pointerleave", () => this.tilt(0, 0));
  }

  controls() {
    const bar = document.createElement("div");
    bar.className = "viewer-bar";
    const label = document.createElement("label");
    label.className = "layer-slider small";
    const range = document.createElement("input");
    Object.assign(range, { type: "range", min: 0, max: 100, value: 0 });
    range.addEventListener("input", () => { this.apart = range.value / 100; this.tilt(0.35 * this.apart, -0.5 * this.apart); });
    label.append("Take apart", range);
    const toggles = document.createElement("div");
    toggles.className = "btn-row";
    this.layers.forEach((layer, index) => {
      const toggle = document.createElement("button");
      toggle.type = "button";
      toggle.className = "chip";
      toggle.textContent = index + 1;
      toggle.setAttribute("aria-pressed", "true");
      toggle.setAttribute("aria-label", `Layer ${index + 1}`);
      toggle.addEventListener("click", () => {
        const shown = toggle.getAttribute("aria-pressed") !== "true";
        toggle.setAttribute("aria-pressed", String(shown));
        layer.hidden = !shown;
      });
      toggles.append(toggle);
    });
    bar.append(label, toggles);
    return bar;
  }

  follow(event) {
    const box = this.stage.getBoundingClientRect();
    this.tilt((event.clientY - box.top) / box.height - 0.5, (event.clientX - box.left) / box.width - 0.5);
  }

  tilt(x, y) {
    const strength = 14 + 30 * this.apart;
    this.stack.style.transform = `rotateX(${-x * strength}deg) rotateY(${y * strength}deg) scale(${1 - 0.3 * this.apart})`;
    const spread = 12 + 260 * this.apart;
    this.layers.forEach((layer, index) => {
      const depth = index / Math.max(1, this.layers.length - 1) - 0.5;
      layer.style.transform = `translateZ(${depth * spread}px)`;
    });
  }
}

class Compare extends HTMLElement {
  connectedCallback() {
    if (this.range) return;
    this.range = document.createElement("input");
    Object.assign(this.range, { type: "range", min: 0, max: 100, value: 50, step: "0.1" });
    this.range.setAttribute("aria-label", "Before and after");
    this.line = document.createElement("span");
    this.line.className = "compare-line";
    this.append(this.line, this.range);
    this.range.addEventListener("input", () => this.show());
    this.show();
  }

  show() {
    const at = Number(this.range.value);
    this.querySelector("[data-before]").style.clipPath = `inset(0 ${100 - at}% 0 0)`;
    this.line.style.left = `${at}%`;
  }
}

customElements.define("mf-model", ModelView);
customElements.define("mf-layers", LayerStack);
customElements.define("mf-compare", Compare);

// JSON and CSV as tables, read when they are opened ------------------------------------------
document.addEventListener("toggle", async (event) => {
  const fold = event.target;
  if (!fold.matches?.("details[data-table][open]") || fold.dataset.read) return;
  fold.dataset.read = "1";
  const body = fold.querySelector("[data-table-body]");
  try {
    const text = await (await fetch(fold.dataset.table, { credentials: "same-origin" })).text();
    body.replaceChildren(drawn(text));
  } catch {
    delete fold.dataset.read;
  }
}, true);

function drawn(text) {
  try {
    return table(JSON.parse(text), 0);
  } catch {
    const pre = document.createElement("pre");
    pre.className = "small";
    pre.textContent = text;
    return pre;
  }
}

function table(value, depth) {
  if (value === null || typeof value !== "object") return document.createTextNode(shown(value));
  const rows = Array.isArray(value) ? value : Object.entries(value);
  if (Array.isArray(value) && value.every((row) => row && typeof row === "object" && !Array.isArray(row)) && value.length) return grid(value, depth);
  if (Array.isArray(value)) return document.createTextNode(value.map(shown).join(", "));
  const list = document.createElement("dl");
  list.className = "facts small";
  for (const [name, inner] of rows) {
    const term = document.createElement("dt");
    term.textContent = name.replaceAll("_", " ");
    const words = document.createElement("dd");
    words.append(depth > 3 ? JSON.stringify(inner) : table(inner, depth + 1));
    list.append(term, words);
  }
  return list;
}

function grid(rows, depth) {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))].slice(0, 10);
  const made = document.createElement("table");
  made.className = "plain-table small";
  const head = made.createTHead().insertRow();
  for (const name of columns) {
    const cell = document.createElement("th");
    cell.scope = "col";
    cell.textContent = name.replaceAll("_", " ");
    head.append(cell);
  }
  const body = made.createTBody();
  for (const row of rows.slice(0, 500)) {
    const line = body.insertRow();
    for (const name of columns) {
      const value = row[name];
      line.insertCell().append(depth > 2 && value && typeof value === "object" ? JSON.stringify(value) : table(value ?? "", depth + 1));
    }
  }
  return made;
}

function shown(value) {
  if (typeof value === "number" && !Number.isInteger(value)) return String(Math.round(value * 1000) / 1000);
  return typeof value === "object" && value ? JSON.stringify(value) : String(value);
}

// Pictures, large ------------------------------------------------------------------------------
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-zoom]");
  if (!link || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  const links = [...document.querySelectorAll("a[data-zoom]")];
  let at = links.indexOf(link);
  const box = document.createElement("dialog");
  box.className = "dialog lightbox";
  const picture = document.createElement("img");
  const show = (by) => {
    at = (at + by + links.length) % links.length;
    picture.src = links[at].href;
    picture.alt = links[at].getAttribute("aria-label");
  };
  const bar = document.createElement("div");
  bar.className = "viewer-bar";
  if (links.length > 1) bar.append(button("Previous", "back", () => show(-1)), button("Next", "chevron", () => show(1)));
  bar.append(button("Close", "close", () => box.close()));
  box.append(picture, bar);
  box.addEventListener("keydown", (key) => {
    if (key.key === "ArrowRight") show(1);
    if (key.key === "ArrowLeft") show(-1);
  });
  box.addEventListener("click", (click) => { if (click.target === box) box.close(); });
  box.addEventListener("close", () => { box.remove(); link.focus(); });
  document.body.append(box);
  show(0);
  box.showModal();
});
