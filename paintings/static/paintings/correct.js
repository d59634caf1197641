// Painting a mask or a depth map over the photo; what was painted is sent as a picture.

const LONGEST = 1400;
const MOST_UNDONE = 20;

const form = document.querySelector("[data-correct]");
const photo = form.querySelector("[data-photo]");
const shown = form.querySelector("[data-canvas]");
const brush = form.querySelector("#brush");
const near = form.querySelector("#near");

const chosen = (name) => form.querySelector(`[name=${name}]:checked`).value;

const loaded = (address) => new Promise((done, failed) => {
  const picture = new Image();
  picture.onload = () => done(picture);
  picture.onerror = failed;
  picture.src = address;
});

// What is painted for one kind of correction, on clear ground.
class Sheet {
  constructor(width, height) {
    this.canvas = Object.assign(document.createElement("canvas"), { width, height });
    this.pen = this.canvas.getContext("2d", { willReadFrequently: true });
    this.undone = [];
    this.touched = false;
    this.start = this.image();
  }

  // Begin with a picture; `clear` makes it as solid as it is bright.
  begin(picture, { clear = false } = {}) {
    this.pen.drawImage(picture, 0, 0, this.canvas.width, this.canvas.height);
    this.start = this.image();
    if (!clear) return;
    const { data } = this.start;
    for (let at = 0; at < data.length; at += 4) {
      data[at + 3] = data[at];
      data.fill(255, at, at + 3);
    }
    this.pen.putImageData(this.start, 0, 0);
  }

  image() { return this.pen.getImageData(0, 0, this.canvas.width, this.canvas.height); }

  remember() {
    this.undone.push(this.image());
    if (this.undone.length > MOST_UNDONE) this.undone.shift();
  }

  undo() {
    const last = this.undone.pop();
    if (last) this.pen.putImageData(last, 0, 0);
    this.touched = this.undone.length > 0;
  }

  clear() {
    this.remember();
    this.pen.putImageData(this.start, 0, 0);
  }

  // No tone takes away what is there.
  line(from, to, width, tone) {
    const pen = this.pen;
    pen.globalCompositeOperation = tone ? "source-over" : "destination-out";
    pen.strokeStyle = pen.fillStyle = tone ?? "black";
    pen.lineWidth = width;
    pen.beginPath();
    pen.moveTo(...from);
    pen.lineTo(...to);
    pen.stroke();
    // Lines of no length leave nothing: the brush itself does.
    for (const end of [from, to]) {
      pen.beginPath();
      pen.arc(...end, width / 2, 0, 2 * Math.PI);
      pen.fill();
    }
    pen.globalCompositeOperation = "source-over";
    this.touched = true;
  }

  // As a file, on black.
  async file(name) {
    const whole = Object.assign(document.createElement("canvas"), { width: this.canvas.width, height: this.canvas.height });
    const pen = whole.getContext("2d");
    pen.fillRect(0, 0, whole.width, whole.height);
    pen.drawImage(this.canvas, 0, 0);
    const bytes = await new Promise((done) => { whole.toBlob(done, "image/png"); });
    return new File([bytes], `${name}.png`, { type: "image/png" });
  }
}

const begin = () => {
  const scale = Math.min(1, LONGEST / Math.max(photo.naturalWidth, photo.naturalHeight));
  const [width, height] = [photo.naturalWidth, photo.naturalHeight].map((side) => Math.round(side * scale));
  Object.assign(shown, { width, height });
  const pen = shown.getContext("2d");
  const sheets = { mask: new Sheet(width, height), depth_map: new Sheet(width, height) };
  let cursor = null;
  let last = null;

  const sheet = () => sheets[chosen("what")];
  const radius = () => brush.value / 200 * Math.max(width, height);
  const tone = () => {
    if (chosen("what") === "mask") return chosen("tool") === "paint" ? "white" : null;
    return `rgb(${near.value} ${near.value} ${near.value})`;
  };

  const draw = () => {
    pen.clearRect(0, 0, width, height);
    pen.globalAlpha = chosen("what") === "mask" ? 1 : 0.8;
    pen.drawImage(sheet().canvas, 0, 0);
    if (chosen("what") === "mask") {
      // A veil that the photo shows through.
      pen.globalCompositeOperation = "source-in";
      pen.globalAlpha = 0.6;
      pen.fillStyle = "#ff4d1f";
      pen.fillRect(0, 0, width, height);
      pen.globalCompositeOperation = "source-over";
    }
    pen.globalAlpha = 1;
    if (!cursor) return;
    pen.lineWidth = Math.max(1.5, width / 600);
    for (const [grown, colour] of [[0, "white"], [pen.lineWidth, "black"]]) {
      pen.strokeStyle = colour;
      pen.beginPath();
      pen.arc(...cursor, radius() + grown, 0, 2 * Math.PI);
      pen.stroke();
    }
  };

  const place = (event) => {
    const box = shown.getBoundingClientRect();
    return [(event.clientX - box.left) / box.width * width, (event.clientY - box.top) / box.height * height];
  };

  const dab = (from, to) => {
    sheet().line(from, to, 2 * radius(), tone());
    draw();
  };

  shown.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    shown.setPointerCapture(event.pointerId);
    sheet().remember();
    last = cursor = place(event);
    dab(last, last);
  });
  shown.addEventListener("pointermove", (event) => {
    cursor = place(event);
    if (!last) { draw(); return; }
    dab(last, cursor);
    last = cursor;
  });
  for (const name of ["pointerup", "pointercancel"]) shown.addEventListener(name, () => { last = null; });
  shown.addEventListener("pointerleave", () => { cursor = null; draw(); });

  shown.addEventListener("keydown", (event) => {
    const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    cursor ??= [width / 2, height / 2];
    if (way) {
      const step = Math.max(4, radius() / 2);
      cursor = [Math.min(width, Math.max(0, cursor[0] + step * way[0])), Math.min(height, Math.max(0, cursor[1] + step * way[1]))];
      draw();
    } else if (event.key === " ") {
      sheet().remember();
      dab(cursor, cursor);
    } else {
      return;
    }
    event.preventDefault();
  });

  const act = { undo: () => sheet().undo(), clear: () => sheet().clear() };
  form.addEventListener("click", (event) => {
    const name = event.target.closest("[data-do]")?.dataset.do;
    if (name) { act[name](); draw(); }
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "z" && (event.ctrlKey || event.metaKey)) { act.undo(); draw(); event.preventDefault(); }
  });

  form.addEventListener("change", () => {
    for (const part of form.querySelectorAll("[data-only], [data-help]")) {
      part.hidden = (part.dataset.only ?? part.dataset.help) !== chosen("what");
    }
    draw();
  });

  form.addEventListener("submit", async (event) => {
    const painted = Object.entries(sheets).filter(([name, one]) => one.touched && !form.elements[name].files.length);
    if (!painted.length || form.dataset.ready) return;
    event.preventDefault();
    for (const [name, one] of painted) {
      const files = new DataTransfer();
      files.items.add(await one.file(name));
      form.elements[name].files = files.files;
    }
    form.dataset.ready = "1";
    form.requestSubmit();
  });

  loaded(form.dataset.depth).then((picture) => { sheets.depth_map.begin(picture); draw(); });
  if (form.dataset.mask) loaded(form.dataset.mask).then((picture) => { sheets.mask.begin(picture, { clear: true }); draw(); });
  draw();
};

form.querySelector("[data-files]").open = false;
if (photo.complete && photo.naturalWidth) begin();
else photo.addEventListener("load", begin, { once: true });
