// One film in several shapes: one is looked at, the others are a press away.

class Shapes extends HTMLElement {
  connectedCallback() {
    if (this.films) return;
    this.films = [...this.querySelectorAll("figure")];
    this.prepend(this.choice());
    this.show(0);
  }

  choice() {
    const bar = document.createElement("div");
    bar.className = "pick";
    bar.setAttribute("role", "radiogroup");
    bar.setAttribute("aria-label", "Shape");
    this.films.forEach((film, at) => {
      const label = document.createElement("label");
      const button = document.createElement("input");
      Object.assign(button, { type: "radio", name: "film-shape", checked: at === 0 });
      button.addEventListener("change", () => this.show(at));
      const words = document.createElement("span");
      words.textContent = film.dataset.shape || `Film ${at + 1}`;
      label.append(button, words);
      bar.append(label);
    });
    return bar;
  }

  /** The one that comes goes on where the one that leaves was. */
  show(at) {
    const before = this.querySelector("figure:not([hidden]) video");
    const after = this.films[at].querySelector("video");
    const plays = !before.paused;
    this.films.forEach((film, index) => { film.hidden = index !== at; });
    if (before === after) return;
    before.pause();
    after.currentTime = before.currentTime;
    if (plays) after.play();
  }
}

customElements.define("mf-shapes", Shapes);
