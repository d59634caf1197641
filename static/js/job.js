// A job's page: figures move as they come; what changed shape is fetched anew from the server.

import { follow, getJson, showFigures } from "./live.js";
import { tellOfEnd } from "./notices.js";
import "./viewers.js";

const page = document.querySelector("[data-job-page]");
const REDRAW_MS = 300;
const AGAIN_MS = 3000;

const pause = (ms) => new Promise((done) => setTimeout(done, ms));

if (page && !page.dataset.ended) {
  const link = document.querySelector("[data-link-state]");
  const words = { live: "live", polling: "connection cut, asking every few seconds", offline: "no connection, trying again", ended: "" };
  let shown = Number(page.dataset.seq);
  let wanted = shown;
  let redrawing = false;

  follow({
    path: `/ws/jobs/${page.dataset.jobPage}/`,
    poll: async () => [await getJson(page.dataset.stateUrl)],
    onLink: (state) => { link.textContent = words[state]; link.className = `small muted link-${state}`; },
    onJob: (job) => {
      showProgress(job);
      document.title = document.title.replace(/ · .* · /, ` · ${job.finished_at ? job.status : `${Math.floor(job.progress)} %`} · `);
      wanted = Math.max(wanted, job.seq);
      if (wanted > shown) redraw();
      if (job.finished_at && !page.dataset.ended) {
        page.dataset.ended = "1";
        tellOfEnd(job);
      }
    },
    until: () => Boolean(page.dataset.ended),
  });

  function showProgress(job) {
    const head = page.querySelector('[data-live-part="status"]');
    showFigures(head, { ...job, message: job.error ? "" : job.message });
    const byStep = Map.groupBy ? Map.groupBy(job.stages, (s) => s.name) : groupBy(job.stages);
    for (const [name, stages] of byStep) {
      const line = page.querySelector(`[data-step="${CSS.escape(name)}"]`);
      if (!line) continue;
      for (const stage of stages) {
        const part = line.querySelector(`[data-part="${stage.part}"]`);
        if (part) showFigures(part, { progress: stage.progress });
      }
      const running = stages.find((s) => s.status === "running" || s.status === "waiting");
      if (running) {
        const progress = stages.reduce((sum, s) => sum + s.progress, 0) / stages.length;
        const main = line.querySelector(".step-main");
        for (const bar of main.querySelectorAll(':scope > [data-value="progress"]')) bar.value = progress;
        const figure = main.querySelector(':scope > .spread [data-text="progress"]');
        if (figure) figure.textContent = Math.floor(progress);
        const message = main.querySelector(':scope > [data-text="message"]');
        if (message) { message.textContent = running.message; message.hidden = !running.message; }
      }
    }
  }

  function groupBy(stages) {
    const groups = new Map();
    for (const stage of stages) groups.set(stage.name, [...(groups.get(stage.name) ?? []), stage]);
    return groups;
  }

  /** What the server draws is fetched until it shows the newest that was heard of. */
  async function redraw() {
    if (redrawing) return;
    redrawing = true;
    while (wanted > shown) {
      const aim = wanted;
      await pause(REDRAW_MS);
      try {
        const answer = await fetch(page.dataset.liveUrl, { credentials: "same-origin" });
        if (answer.status >= 500) throw new Error(String(answer.status));
        if (answer.ok) place(new DOMParser().parseFromString(await answer.text(), "text/html"));
        shown = aim;
      } catch {
        // The server may be starting again.
        await pause(AGAIN_MS);
      }
    }
    redrawing = false;
  }
}

/** Puts each fresh part where the old one is, unless nothing in it changed. */
function place(fresh) {
  for (const part of fresh.querySelectorAll("[data-live-part]")) {
    for (const old of document.querySelectorAll(`[data-live-part="${part.dataset.livePart}"]`)) {
      if (sameResults(old, part)) continue;
      const open = [...old.querySelectorAll("details[open]")].map((d) => d.querySelector("summary").textContent);
      const next = document.importNode(part, true);
      for (const fold of next.querySelectorAll("details")) {
        if (open.includes(fold.querySelector("summary").textContent)) fold.open = true;
      }
      old.replaceWith(next);
      window.htmx?.process(next);
    }
  }
}

/** A viewer that somebody is turning is left alone while its files are the same. */
function sameResults(old, fresh) {
  return old.dataset.livePart === "results" && old.dataset.outputs === fresh.dataset.outputs
    && fresh.dataset.outputs !== "0" && !old.querySelector("[data-redraw]");
}
