// One file on its way: its name, how far it is, and the buttons that steer it.

import { icon } from "../live.js";
import { bytes, time } from "../units.js";

export class Line {
  constructor(file, list) {
    this.file = file;
    this.row = document.createElement("li");
    this.row.className = "upload";
    this.name = document.createElement("span");
    this.name.className = "clip";
    this.name.textContent = file.name || "Pasted picture";
    this.words = document.createElement("span");
    this.words.className = "small muted figure";
    this.words.textContent = "in line";
    this.bar = document.createElement("progress");
    this.bar.className = "bar";
    this.bar.max = 1;
    this.bar.value = 0;
    this.bar.setAttribute("aria-label", `Upload of ${file.name}`);
    this.buttons = document.createElement("span");
    this.buttons.className = "inline";
    this.row.append(this.name, this.words, this.buttons, this.bar);
    list.append(this.row);
    this.samples = [];
  }

  steer(upload, onStop) {
    const pause = this.button("Pause", "pause", () => {
      const paused = pause.dataset.paused !== "1";
      pause.dataset.paused = paused ? "1" : "";
      pause.replaceChildren(icon(paused ? "play" : "pause"));
      pause.setAttribute("aria-label", paused ? "Go on" : "Pause");
      if (paused) { upload.abort(); this.words.textContent = "paused"; this.samples = []; } else upload.start();
    });
    this.button("Stop", "close", async () => {
      await upload.abort(true).catch(() => {});
      this.row.remove();
      onStop();
    });
  }

  button(label, name, onClick) {
    const made = document.createElement("button");
    made.type = "button";
    made.className = "btn btn-quiet btn-icon btn-sm";
    made.setAttribute("aria-label", label);
    made.append(icon(name));
    made.addEventListener("click", onClick);
    this.buttons.append(made);
    return made;
  }

  progress(sent, total) {
    this.bar.value = sent / total;
    const now = performance.now();
    this.samples = [...this.samples.filter(([at]) => now - at < 5000), [now, sent]];
    const [firstAt, firstSent] = this.samples[0];
    const speed = now > firstAt ? ((sent - firstSent) / (now - firstAt)) * 1000 : 0;
    const left = speed ? ` · ${bytes(speed)}/s · ${time((total - sent) / speed)} left` : "";
    this.words.textContent = `${bytes(sent)} of ${bytes(total)}${left}`;
  }

  finish() {
    this.bar.value = 1;
    this.row.classList.add("is-succeeded");
    this.words.textContent = `${bytes(this.file.size)}, done`;
    this.buttons.replaceChildren();
  }

  refuse(reason) {
    this.row.classList.add("is-failed");
    this.words.textContent = reason;
    this.words.className = "small problem";
    this.words.setAttribute("role", "alert");
    this.buttons.replaceChildren();
    this.button("Take it off the list", "close", () => this.row.remove());
  }
}
