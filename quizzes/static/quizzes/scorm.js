// The package's page: finds the learning platform's SCORM 1.2 API and reports to it.

import { verdictOf } from "./judge.js";
import { QuizPlayer } from "./player.js";

const MOST_FRAMES_UP = 12;
const INTERACTION_TYPES = {
  multiple_choice: "choice", multiple_answer: "choice", true_false: "true-false",
  gap: "fill-in", short_answer: "fill-in", ordering: "sequencing",
};

const findApi = (from) => {
  let frame = from;
  for (let step = 0; step < MOST_FRAMES_UP && frame; step += 1) {
    if (frame.API) return frame.API;
    if (frame.parent === frame) break;
    frame = frame.parent;
  }
  return from.opener ? findApi(from.opener) : null;
};

const timespan = (milliseconds) => {
  const whole = Math.floor(milliseconds / 1000);
  const parts = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  return parts.map((part, place) => String(part).padStart(place ? 2 : 4, "0")).join(":");
};

const shuffled = (items) => {
  const copy = [...items];
  for (let last = copy.length - 1; last > 0; last -= 1) {
    const other = Math.floor(Math.random() * (last + 1));
    [copy[last], copy[other]] = [copy[other], copy[last]];
  }
  return copy;
};

const api = findApi(window);
const started = Date.now();
const set = (name, value) => api?.LMSSetValue(name, String(value));

api?.LMSInitialize("");
if (["", "not attempted", "unknown"].includes(api?.LMSGetValue("cmi.core.lesson_status"))) {
  set("cmi.core.lesson_status", "incomplete");
}

const quiz = await (await fetch("quiz.json")).json();
const originals = new Map(quiz.questions.map((question) => [question.id, question]));
const suspended = (() => {
  try {
    return JSON.parse(api?.LMSGetValue("cmi.suspend_data") || "{}");
  } catch {
    return {};
  }
})();
let count = Number(api?.LMSGetValue("cmi.interactions._count") || 0);

const report = (player) => {
  const total = player.questions.length || 1;
  set("cmi.core.score.min", 0);
  set("cmi.core.score.max", 100);
  set("cmi.core.score.raw", Math.round((100 * player.right) / total));
  set("cmi.core.lesson_location", Math.floor(player.video.currentTime));
  const kept = Object.fromEntries([...player.verdicts].map(([id, { given }]) => [id, given]));
  set("cmi.suspend_data", JSON.stringify(kept));
  api?.LMSCommit("");
};

const player = new QuizPlayer(document.getElementById("quiz"), {
  ...quiz,
  questions: quiz.questions.map((question) => (question.type === "ordering"
    ? { ...question, choices: shuffled(question.choices) } : question)),
  judge: async (question, given, seconds) => {
    const original = originals.get(question.id);
    const verdict = verdictOf(original, given);
    const at = `cmi.interactions.${count}`;
    set(`${at}.id`, question.id);
    set(`${at}.type`, INTERACTION_TYPES[question.type]);
    set(`${at}.student_response`, [given].flat().join(",").slice(0, 255));
    set(`${at}.result`, verdict.score >= 1 ? "correct" : "wrong");
    set(`${at}.latency`, timespan(seconds * 1000));
    count += 1;
    queueMicrotask(() => report(player));
    return verdict;
  },
  onFinish: ({ share }) => {
    report(player);
    set("cmi.core.lesson_status", share >= quiz.mastery ? "passed" : "failed");
    api?.LMSCommit("");
  },
});
for (const [id, given] of Object.entries(suspended)) {
  const question = originals.get(id);
  if (question) player.verdicts.set(id, { ...verdictOf(question, given), given });
}
player.tell();
const location = Number(api?.LMSGetValue("cmi.core.lesson_location") || 0);
if (location) player.video.currentTime = location;

addEventListener("pagehide", () => {
  report(player);
  set("cmi.core.session_time", timespan(Date.now() - started));
  set("cmi.core.exit", player.verdicts.size === player.questions.length ? "" : "suspend");
  api?.LMSCommit("");
  api?.LMSFinish("");
});
