// A quiz on our own pages: the server judges, so the answers are not in the page.

import { QuizPlayer } from "./player.js";

const data = JSON.parse(document.getElementById("quiz-data").textContent);
const root = document.getElementById("quiz");
const welcome = document.getElementById("quiz-welcome");
const token = document.querySelector("[name=csrfmiddlewaretoken]")?.value;

const post = async (url, body) => {
  const headers = { "Content-Type": "application/json" };
  if (token) headers["X-CSRFToken"] = token;
  const response = await fetch(url, { method: "POST", headers, body: JSON.stringify(body) });
  const told = await response.json();
  if (!response.ok) throw new Error(told.detail ?? `status ${response.status}`);
  return told;
};

const play = (answers) => new QuizPlayer(root, {
  ...data,
  judge: (question, given, seconds) => post(answers, { question: question.id, given, seconds }),
  onFinish: () => { if (data.attempts) post(answers, { finished: true }); },
});

if (!welcome) {
  play(data.judge);
} else {
  welcome.addEventListener("submit", async (event) => {
    event.preventDefault();
    try {
      const learner = welcome.elements.learner?.value ?? "";
      const { url } = await post(data.attempts, { learner });
      welcome.hidden = true;
      root.hidden = false;
      const player = play(url);
      player.video.focus();
      await player.video.play().catch(() => {});
    } catch (error) {
      document.getElementById("quiz-trouble").textContent = `It did not start: ${error.message}`;
    }
  });
}
