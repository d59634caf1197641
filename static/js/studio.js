// What every page does: menus, theme, shortcuts, copying, following lists of jobs, telling of ends.

import { follow, getJson, icon, showFigures, showState } from "./live.js";

document.documentElement.classList.add("js");

// Theme ------------------------------------------------------------------------------------
const THEMES = ["auto", "light", "dark"];

function setTheme(theme) {
  document.documentElement.dataset.theme = theme;
  document.cookie = `theme=${theme};path=/;max-age=31536000;samesite=lax`;
  const names = { auto: "as the system", light: "light", dark: "dark" };
  const next = THEMES[(THEMES.indexOf(theme) + 1) % 3];
  for (const form of document.querySelectorAll("[data-theme-switch]")) {
    const button = form.querySelector("button");
    button.value = next;
    button.setAttribute("aria-label", `Theme: ${names[theme]}. Change to ${names[next]}`);
    button.replaceChildren(icon({ auto: "auto", light: "sun", dark: "moon" }[theme]));
  }
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.matches("[data-theme-switch]")) {
    event.preventDefault();
    setTheme(form.querySelector("button").value);
    return;
  }
  if (form.dataset.confirm && !window.confirm(form.dataset.confirm)) {
    event.preventDefault();
    return;
  }
  const button = event.submitter;
  if (button && form.dataset.busy) {
    button.setAttribute("aria-disabled", "true");
    button.lastChild.textContent = ` ${form.dataset.busy}`;
  }
});

// Menus, dialogs, copying -------------------------------------------------------------------
document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
  const opener = event.target.closest("[data-open]");
  if (opener) document.getElementById(opener.dataset.open)?.showModal();
  const copier = event.target.closest("[data-copy]");
  if (copier) copy(copier);
  if (event.target.matches("dialog[open]")) event.target.close();
  if (event.target.closest("[data-ask-notify]")) askToNotify();
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const menu = document.querySelector("details.menu[open]");
  if (menu) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});

async function copy(button) {
  const source = document.getElementById(button.dataset.copy);
  source.select();
  try {
    await navigator.clipboard.writeText(source.value);
  } catch {
    document.execCommand("copy");
  }
  button.lastChild.textContent = " Copied";
}

document.addEventListener("change", (event) => {
  if (event.target.matches("[data-submit]")) event.target.form.requestSubmit();
});

// Shortcuts ----------------------------------------------------------------------------------
const PLACES = { h: "/studio/", p: "/studio/projects/", j: "/studio/jobs/", u: "/studio/settings/usage/" };
let going = 0;

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest("input, textarea, select, [contenteditable], dialog[open]")) return;
  if (going && PLACES[event.key]) {
    location.assign(PLACES[event.key]);
  } else if (event.key === "g") {
    going = setTimeout(() => { going = 0; }, 1200);
    return;
  } else if (event.key === "n") {
    location.assign("/studio/new/");
  } else if (event.key === "?") {
    document.getElementById("shortcuts")?.showModal();
  } else if (event.key === "/") {
    const search = document.querySelector("[data-search]") ?? document.querySelector("[data-search-all]");
    if (!search) return;
    event.preventDefault();
    search.focus();
  } else if (event.key === "t") {
    const theme = document.documentElement.dataset.theme;
    setTheme(THEMES[(THEMES.indexOf(theme) + 1) % 3]);
  } else if (event.key === "j" || event.key === "k") {
    step(event.key === "j" ? 1 : -1);
  }
  clearTimeout(going);
  going = 0;
});

function step(by) {
  const links = [...document.querySelectorAll(".row-link, .tile-link, .cover-link")];
  const at = links.indexOf(document.activeElement);
  links[Math.max(0, Math.min(links.length - 1, at + by))]?.focus();
}

// Telling of ends ----------------------------------------------------------------------------
export function toast({ title, text, href, status = "succeeded" }) {
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
  setTimeout(() => box.remove(), 12000);
}

export function tellOfEnd(job) {
  forget(job.id);
  const title = `${job.pipeline ? job.pipeline.replaceAll("_", " ") : "Job"}: ${job.status}`;
  const href = `/studio/jobs/${job.id}/`;
  toast({ title, text: job.error?.detail, href, status: job.status });
  if (document.hidden && window.Notification?.permission === "granted") {
    new Notification(title, { body: job.error?.detail ?? "", tag: job.id });
  }
}

async function askToNotify() {
  const answer = await Notification.requestPermission();
  showPermission(answer);
}

function showPermission(answer) {
  const words = { granted: "This browser tells you.", denied: "This browser was told not to; change that in its settings.", default: "" };
  for (const node of document.querySelectorAll("[data-notify-state]")) node.textContent = words[answer];
  for (const button of document.querySelectorAll("[data-ask-notify]")) button.hidden = answer !== "default";
}
if ("Notification" in window) showPermission(Notification.permission);

// Ends of jobs that were seen under way, told on whichever page is open ------------------------
const WATCHED = "watched-jobs";
const MOST_WATCHED = 40;
const LOOK_MS = 8000;

function watched() {
  try { return JSON.parse(localStorage.getItem(WATCHED)) ?? []; } catch { return []; }
}

function keep(ids) { localStorage.setItem(WATCHED, JSON.stringify(ids.slice(-MOST_WATCHED))); }

export function watch(id) { if (!watched().includes(id)) keep([...watched(), id]); }

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
  for (const row of document.querySelectorAll("[data-job]")) (["queued", "running", "waiting"].includes(row.dataset.status) ? watch : forget)(row.dataset.job);
  const page = document.querySelector("[data-job-page]");
  if (page && !page.dataset.ended) watch(page.dataset.jobPage);
  else if (page) forget(page.dataset.jobPage);
  setInterval(lookAfter, LOOK_MS);
}

// Lists of jobs that move ----------------------------------------------------------------------
const ENDED = ["succeeded", "failed", "cancelled", "expired"];

function showInList(row, job) {
  const before = row.dataset.status;
  showFigures(row, job);
  if (before === job.status) return;
  row.dataset.status = job.status;
  showState(row, job.status);
  if (ENDED.includes(job.status)) {
    for (const bar of row.querySelectorAll("progress")) bar.hidden = true;
    tellOfEnd(job);
  }
}

function followLists() {
  const open = [...document.querySelectorAll("[data-live-jobs] [data-job]")].filter((row) => !ENDED.includes(row.dataset.status));
  if (!open.length) return;
  const url = document.querySelector("[data-live-jobs]").dataset.liveJobs;
  const rows = new Map(open.map((row) => [row.dataset.job, row]));
  const still = () => open.filter((row) => !ENDED.includes(row.dataset.status));
  const show = (job) => { const row = rows.get(job.id); if (row) showInList(row, job); };
  const poll = async () => {
    const ids = still().map((row) => row.dataset.job);
    return ids.length ? (await getJson(`${url}?ids=${ids.join(",")}`)).jobs : [];
  };
  const projects = [...new Set(open.map((row) => row.dataset.project))].slice(0, 5);
  for (const project of projects) {
    follow({ path: `/ws/projects/${project}/`, onJob: show, poll, until: () => !still().length });
  }
}
followLists();
