// Lists of jobs move while their work goes on.

import { ENDED, follow, getJson, showFigures, showState } from "./live.js";
import { tellOfEnd } from "./notices.js";

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
