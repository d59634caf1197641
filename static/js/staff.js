// The admin's lists and dashboard move while work does: staff follow everything over one socket.

import { ENDED, follow, getJson, showFigures, showState } from "./live.js";

const marks = [...document.querySelectorAll("#result_list [data-job]")];
const rows = new Map(marks.map((mark) => [mark.dataset.job, mark]));
const open = () => marks.filter((mark) => !ENDED.includes(mark.dataset.status));

if (open().length) {
  follow({
    path: "/ws/staff/",
    poll: async () => (await getJson(`/studio/jobs/follow.json?ids=${open().slice(0, 60).map((m) => m.dataset.job).join(",")}`)).jobs,
    onJob: (job) => {
      const mark = rows.get(job.id);
      if (!mark) return;
      const line = mark.closest("tr");
      showFigures(line, job);
      if (mark.dataset.status !== job.status) {
        mark.dataset.status = job.status;
        for (const node of line.querySelectorAll("[class*='is-']")) showState(node, job.status);
      }
    },
    until: () => !open().length,
  });
}
