// Before and after: a line that is drawn over both.

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

customElements.define("mf-compare", Compare);
