// Files into a project: dropped, pasted, chosen or photographed; resumable, also after a reload.

import { icon } from "./live.js";

const zone = document.querySelector("[data-uploads]");
const CHUNK_BYTES = 16 * 1024 * 1024;
const AT_ONCE = 2;
const RETRIES_MS = [0, 1000, 3000, 5000, 10000, 20000, 30000, 30000, 30000];
// What a file's first bytes say of it; what says nothing here is left for the server to judge.
const DEAD = [
  [/^4d5a/, "is a Windows program"],
  [/^7f454c46/, "is a program"],
  [/^3c(21444f43|68746d6c|48544d4c)/i, "is a web page"],
];

const FAMILIES = ["image", "video", "audio"];
// Pictures that every browser opens: one that it cannot open is broken.
const OPENED = ["image/png", "image/jpeg", "image/webp", "image/gif"];

if (zone) start(zone);

function start(zone) {
  const list = zone.querySelector("[data-upload-list]");
  const waiting = [];
  let running = 0;
  let done = 0;

  for (const input of document.querySelectorAll("[data-choose]")) {
    input.addEventListener("change", () => { take([...input.files]); input.value = ""; });
  }
  document.addEventListener("paste", (event) => {
    if (event.clipboardData?.files.length) take([...event.clipboardData.files]);
  });
  let inside = 0;
  addEventListener("dragenter", (event) => { if (hasFiles(event)) { inside += 1; document.body.classList.add("dropping"); } });
  addEventListener("dragleave", () => { inside = Math.max(0, inside - 1); if (!inside) document.body.classList.remove("dropping"); });
  addEventListener("dragover", (event) => { if (hasFiles(event)) event.preventDefault(); });
  addEventListener("drop", (event) => {
    inside = 0;
    document.body.classList.remove("dropping");
    if (!hasFiles(event)) return;
    event.preventDefault();
    take([...event.dataTransfer.files]);
  });
  addEventListener("beforeunload", (event) => { if (running) event.preventDefault(); });

  const hasFiles = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");

  // An array, not the browser's own list, which empties itself when its field is cleared.
  async function take(files) {
    for (const file of files) {
      const line = new Line(file, list);
      const reason = await whyDead(file, zone);
      if (reason) line.refuse(reason);
      else waiting.push(line);
    }
    next();
  }

  function next() {
    while (running < AT_ONCE && waiting.length) {
      running += 1;
      send(waiting.shift());
    }
    if (!running && !waiting.length && done) finished();
  }

  async function send(line) {
    const ended = (assetId) => {
      running -= 1;
      if (assetId) {
        done += 1;
        line.finish();
        document.dispatchEvent(new CustomEvent("asset-uploaded", { detail: { id: assetId, file: line.file } }));
      }
      next();
    };
    let assetId = "";
    const upload = new window.tus.Upload(line.file, {
      endpoint: zone.dataset.endpoint,
      chunkSize: CHUNK_BYTES,
      retryDelays: RETRIES_MS,
      metadata: { filename: line.file.name || "pasted.png", filetype: line.file.type, project: zone.dataset.project },
      removeFingerprintOnSuccess: true,
      onBeforeRequest: (request) => { request.setHeader("X-CSRFToken", csrf()); },
      onAfterResponse: (request, response) => { assetId = response.getHeader("Asset-Id") || assetId; },
      onProgress: (sent, total) => line.progress(sent, total),
      onSuccess: () => ended(assetId || "done"),
      onError: (error) => { line.refuse(reasonOf(error)); ended(""); },
    });
    line.steer(upload, () => ended(""));
    // The same file that was on its way before a reload goes on where it stopped.
    const before = await upload.findPreviousUploads();
    if (before.length) upload.resumeFromPreviousUpload(before[0]);
    upload.start();
  }

  function finished() {
    done = 0;
    if (zone.dataset.after !== "reload") return;
    // A reload would take the reasons away with it.
    if (list.querySelector(".is-failed")) showLink(list);
    else location.reload();
  }
  announceUnfinished(zone, list);
}

function csrf() {
  return document.querySelector("[name=csrfmiddlewaretoken]")?.value ?? "";
}

function reasonOf(error) {
  try {
    return JSON.parse(error.originalResponse.getBody()).detail;
  } catch {
    return error.originalResponse ? `The server answered ${error.originalResponse.getStatus()}.` : "The connection was lost. Choose the file again, and it goes on where it stopped.";
  }
}

/** Why a file is not worth sending; empty when it is, or when only the server can tell. */
async function whyDead(file, zone) {
  if (!file.size) return "is empty";
  const most = Number(zone.dataset.most);
  if (most && file.size > most) return `is larger than ${bytes(most)}`;
  const head = new Uint8Array(await file.slice(0, 16).arrayBuffer());
  const hex = [...head].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  const dead = DEAD.find(([pattern]) => pattern.test(hex))?.[1];
  if (dead) return dead;
  const kind = file.type.split("/")[0];
  const kinds = zone.dataset.kinds.split(",").filter(Boolean);
  if (kinds.length && FAMILIES.includes(kind) && !kinds.includes(kind)) return `is ${kind === "audio" ? "sound" : `a${kind === "image" ? "n" : ""} ${kind}`}; this takes ${kinds.join(" or ")}`;
  return OPENED.includes(file.type) && !(await opens(file)) ? "is damaged: it cannot be opened as a picture" : "";
}

async function opens(file) {
  try {
    (await createImageBitmap(file, { resizeWidth: 8, resizeHeight: 8 })).close();
    return true;
  } catch {
    return false;
  }
}

function showLink(list) {
  const line = document.createElement("li");
  line.className = "upload-note small";
  const link = document.createElement("a");
  link.href = location.href;
  link.textContent = "Show the new files";
  line.append(icon("check"), link);
  list.append(line);
}

/** What a reload interrupted: the browser keeps no file, so its name is asked for again. */
async function announceUnfinished(zone, list) {
  const kept = Object.keys(localStorage).filter((key) => key.startsWith("tus::"));
  const names = kept.map((key) => { try { return JSON.parse(localStorage.getItem(key)); } catch { return null; } })
    .filter((upload) => upload?.metadata?.project === zone.dataset.project && Date.now() - Date.parse(upload.creationTime) < 86400000)
    .map((upload) => upload.metadata.filename);
  if (!names.length) return;
  const line = document.createElement("li");
  line.className = "upload-note small";
  line.append(icon("info"), ` Not finished: ${[...new Set(names)].join(", ")}. Choose the same file again, and it goes on where it stopped.`);
  list.append(line);
}

class Line {
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

export function bytes(count) {
  for (const unit of ["B", "kB", "MB", "GB"]) {
    if (count < 1000) return `${unit === "B" ? Math.round(count) : count.toPrecision(3)} ${unit}`;
    count /= 1000;
  }
  return `${count.toPrecision(3)} TB`;
}

function time(seconds) {
  if (seconds < 60) return `${Math.ceil(seconds)} s`;
  return seconds < 3600 ? `${Math.ceil(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`;
}
