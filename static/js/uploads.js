// Files into a project: dropped, pasted, chosen or photographed; resumable, also after a reload.

import { icon } from "./live.js";
import { Line } from "./uploads/line.js";
import { whyDead } from "./uploads/refusals.js";

const zone = document.querySelector("[data-uploads]");
const CHUNK_BYTES = 16 * 1024 * 1024;
const AT_ONCE = 2;
const RETRIES_MS = [0, 1000, 3000, 5000, 10000, 20000, 30000, 30000, 30000];
if (zone) start(zone);

function start(zone) {
  const list = zone.querySelector("[data-upload-list]");
  const waiting = [];
  let running = 0;
  let done = 0;

  for (const input of document.querySelectorAll("[data-choose]")) {
    // A file that is still to be sent changes no form around it, and no estimate.
    input.addEventListener("input", (event) => event.stopPropagation());
    input.addEventListener("change", (event) => { event.stopPropagation(); take([...input.files]); input.value = ""; });
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
