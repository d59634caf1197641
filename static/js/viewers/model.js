// A 3D model to turn, and to place in the room on phones that can.

const MODEL_VIEWER = new URL("../../vendor/model-viewer/model-viewer.min.js", import.meta.url).href;

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

customElements.define("mf-model", ModelView);
