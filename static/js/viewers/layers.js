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

customElements.define("mf-layers", LayerStack);
