// Ends of jobs that were seen under way are told on whichever page is open.

import { ENDED, getJson, icon } from "./live.js";

const TOAST_MS = 12000;

function toast({ title, text, href, status = "succeeded" }) {
  const box = document.createElement("div");
  box.className = `toast is-${status}`;
  const mark = document.createElement("span");
  mark.className = `state is-${status}`;
  mark.append(icon(`s-${status}`));
  const words = document.createElement("div");
  const head = document.createElement(href ? "a" : "strong");
  head.textContent = title;
  if (href) head.href = href;
  const body = document.createElement("p");
  body.className = "small muted";
  body.textContent = text ?? "";
  words.append(head, body);
  const close = document.createElement("button");
  close.className = "btn btn-quiet btn-icon btn-sm";
  close.setAttribute("aria-label", "Close");
  close.append(icon("close"));
  close.addEventListener("click", () => box.remove());
  box.append(mark, words, close);
  document.getElementById("toasts").append(box);
  setTimeout(() => box.remove(), TOAST_MS);
}

export function tellOfEnd(job) {
  forget(job.id);
  const title = `${job.pipeline ? job.pipeline.replaceAll("_", " ") : "Job"}: ${job.status}`;
  const href = `/studio/jobs/${job.id}/`;
  toast({ title, text: job.error?.detail, href, status: job.status });
  if (document.hidden && window.Notification?.permission === "granted") tellByBrowser(title, job, href);
}

function tellByBrowser(title, job, href) {
  try {
    const told = new Notification(title, { body: job.error?.detail ?? "", tag: job.id });
    told.addEventListener("click", () => { window.focus(); location.assign(href); });
  } catch {
    // Phones let only service workers do this; there the page's own note has to do.
  }
}

document.addEventListener("click", async (event) => {
  if (event.target.closest("[data-ask-notify]")) showPermission(await Notification.requestPermission());
});

function showPermission(answer) {
  const words = { granted: "This browser tells you.", denied: "This browser was told not to; change that in its settings.", default: "" };
  for (const node of document.querySelectorAll("[data-notify-state]")) node.textContent = words[answer];
  for (const button of document.querySelectorAll("[data-ask-notify]")) button.hidden = answer !== "default";
}
if ("Notification" in window) showPermission(Notification.permission);

// The jobs whose end this browser waits for ------------------------------------------------
const WATCHED = "watched-jobs";
const MOST_WATCHED = 40;
const LOOK_MS = 8000;

function watched() {
  try { return JSON.parse(localStorage.getItem(WATCHED)) ?? []; } catch { return []; }
}

function keep(ids) { localStorage.setItem(WATCHED, JSON.stringify(ids.slice(-MOST_WATCHED))); }

function watch(id) { if (!watched().includes(id)) keep([...watched(), id]); }

function forget(id) { keep(watched().filter((each) => each !== id)); }

async function lookAfter() {
  // What this page follows by itself is told by whoever follows it.
  const here = new Set([...document.querySelectorAll("[data-job]:not([data-ended])")].map((row) => row.dataset.job));
  const ids = watched().filter((id) => !here.has(id) && id !== document.querySelector("[data-job-page]")?.dataset.jobPage);
  if (!ids.length) return;
  try {
    const { jobs } = await getJson(`/studio/jobs/follow.json?ids=${ids.join(",")}`);
    const known = new Set(jobs.map((job) => job.id));
    for (const id of ids) if (!known.has(id)) forget(id);
    for (const job of jobs) if (job.finished_at) tellOfEnd(job);
  } catch {
    // Asked again at the next look.
  }
}

if (document.querySelector(".frame")) {
  for (const row of document.querySelectorAll("[data-job]")) (ENDED.includes(row.dataset.status) ? forget : watch)(row.dataset.job);
  const page = document.querySelector("[data-job-page]");
  if (page) (page.dataset.ended ? forget : watch)(page.dataset.jobPage);
  setInterval(lookAfter, LOOK_MS);
}
