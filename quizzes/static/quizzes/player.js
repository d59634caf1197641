// Plays a lesson and stops where its questions are. Knows no server: whoever mounts it
// hands over the quiz, a judge for answers, and what to do at the end.

const TYPES_WITH_ONE_CHOICE = ["multiple_choice", "true_false"];
const TYPES_WITH_TEXT = ["gap", "short_answer"];
// A question appears this soon after its passage has been said.
const GRACE_SECONDS = 0.15;

export const clock = (seconds) => {
  const whole = Math.max(0, Math.floor(seconds));
  const minutes = Math.floor(whole / 60);
  return `${minutes}:${String(whole % 60).padStart(2, "0")}`;
};

const make = (tag, attributes = {}, ...children) => {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value != null) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child != null));
  return element;
};

export class QuizPlayer {
  constructor(root, { title, video, poster, captions, questions, judge, onFinish }) {
    this.root = root;
    this.questions = [...questions].sort((a, b) => a.end - b.end);
    this.judge = judge;
    this.onFinish = onFinish ?? (() => {});
    this.verdicts = new Map();
    this.current = null;
    this.build(title, video, poster, captions);
  }

  build(title, source, poster, captions) {
    this.video = make("video", {
      controls: true, playsinline: true, preload: "metadata", src: source, poster,
      "aria-label": title, class: "quiz-video",
    });
    if (captions) {
      this.video.append(make("track", {
        kind: "captions", src: captions, srclang: "en", label: "Captions",
      }));
    }
    this.panel = make("section", { class: "quiz-panel", "aria-label": "Question", hidden: true });
    this.status = make("p", { class: "quiz-status", role: "status", "aria-live": "polite" });
    this.list = make("ol", { class: "quiz-marks", "aria-label": "Questions in this lesson" });
    this.root.replaceChildren(
      make("div", { class: "quiz-stage" }, this.video, this.panel), this.status, this.list,
    );
    for (const question of this.questions) {
      const mark = make("button", {
        type: "button", class: "quiz-mark", "data-question": question.id,
        onclick: () => this.open(question),
      }, clock(question.end));
      this.list.append(make("li", {}, mark));
    }
    this.video.addEventListener("timeupdate", () => this.watch());
    this.video.addEventListener("play", () => { if (this.current) this.video.pause(); });
    this.video.addEventListener("ended", () => this.atEnd());
    this.root.addEventListener("keydown", (event) => this.key(event));
    this.tell();
  }

  get right() {
    return [...this.verdicts.values()].reduce((sum, verdict) => sum + verdict.score, 0);
  }

  tell() {
    const done = this.verdicts.size;
    const score = Math.round(this.right * 100) / 100;
    this.status.textContent = done
      ? `${done} of ${this.questions.length} answered, ${score} right`
      : `${this.questions.length} question${this.questions.length === 1 ? "" : "s"}`;
    for (const mark of this.list.querySelectorAll(".quiz-mark")) {
      const verdict = this.verdicts.get(mark.dataset.question);
      const state = !verdict ? "open" : verdict.score >= 1 ? "right" : verdict.score > 0 ? "partly" : "wrong";
      mark.dataset.state = state;
      const question = this.questions.find(({ id }) => id === mark.dataset.question);
      mark.setAttribute("aria-label", `Question at ${clock(question.end)}, ${state}`);
    }
  }

  watch() {
    if (this.current || this.video.paused) return;
    const now = this.video.currentTime;
    const due = this.questions.find(
      (question) => !this.verdicts.has(question.id) && question.end + GRACE_SECONDS <= now,
    );
    if (due) this.open(due);
  }

  atEnd() {
    const open = this.questions.find((question) => !this.verdicts.has(question.id));
    if (open) this.open(open);
    else this.finish();
  }

  open(question) {
    this.video.pause();
    this.current = question;
    this.shownAt = performance.now();
    const number = this.questions.indexOf(question) + 1;
    const heading = make("h2", { tabindex: "-1", id: "quiz-prompt" }, question.prompt);
    this.feedback = make("div", { class: "quiz-feedback", role: "status", "aria-live": "assertive" });
    this.form = make("form", { "aria-labelledby": "quiz-prompt", onsubmit: (event) => this.submit(event) },
      make("p", { class: "quiz-count" }, `Question ${number} of ${this.questions.length}`),
      heading, this.inputs(question), this.buttons(question), this.feedback);
    this.panel.replaceChildren(this.form);
    this.panel.hidden = false;
    this.root.classList.add("is-asking");
    const verdict = this.verdicts.get(question.id);
    if (verdict) this.show(verdict);
    heading.focus();
  }

  inputs(question) {
    if (TYPES_WITH_TEXT.includes(question.type)) {
      return make("label", { class: "quiz-text" }, "Your answer ",
        make("input", { name: "answer", autocomplete: "off", autocapitalize: "off", spellcheck: "false" }));
    }
    if (question.type === "ordering") return this.ordering(question);
    const kind = TYPES_WITH_ONE_CHOICE.includes(question.type) ? "radio" : "checkbox";
    return make("fieldset", {}, make("legend", { class: "quiz-hint" },
      kind === "radio" ? "Choose one (keys 1 to 9)" : "Choose all that apply (keys 1 to 9)"),
      ...question.choices.map((choice) => make("label", { class: "quiz-choice", "data-choice": choice.id },
        make("input", { type: kind, name: "answer", value: choice.id }),
        make("span", {}, choice.text))));
  }

  ordering(question) {
    const list = make("ol", { class: "quiz-order", "aria-label": "Steps; move them with the buttons" });
    const move = (item, by) => {
      const other = by < 0 ? item.previousElementSibling : item.nextElementSibling;
      if (!other) return;
      if (by < 0) other.before(item); else other.after(item);
      item.querySelector(by < 0 ? ".up" : ".down").focus();
      this.feedback.textContent = `Moved to place ${[...list.children].indexOf(item) + 1}`;
    };
    for (const choice of question.choices) {
      const item = make("li", { "data-choice": choice.id, class: "quiz-step" });
      item.append(make("span", {}, choice.text), make("span", { class: "quiz-moves" },
        make("button", { type: "button", class: "up", "aria-label": `Move up: ${choice.text}`, onclick: () => move(item, -1) }, "↑"),
        make("button", { type: "button", class: "down", "aria-label": `Move down: ${choice.text}`, onclick: () => move(item, 1) }, "↓")));
      list.append(item);
    }
    return list;
  }

  buttons(question) {
    this.check = make("button", { type: "submit", class: "quiz-check" }, "Check");
    this.again = make("button", { type: "button", class: "quiz-again", onclick: () => this.replay(question) }, "See it again");
    this.next = make("button", { type: "button", class: "quiz-next", hidden: true, onclick: () => this.resume() }, "Continue");
    return make("p", { class: "quiz-buttons" }, this.check, this.next, this.again);
  }

  given(question) {
    if (TYPES_WITH_TEXT.includes(question.type)) return this.form.elements.answer.value.trim();
    if (question.type === "ordering") {
      return [...this.form.querySelectorAll(".quiz-step")].map((step) => step.dataset.choice);
    }
    return [...this.form.querySelectorAll("input:checked")].map((input) => input.value);
  }

  async submit(event) {
    event.preventDefault();
    const question = this.current;
    if (this.verdicts.has(question.id)) return this.resume();
    const given = this.given(question);
    if (!given.length) {
      this.feedback.textContent = "Answer first, or see the passage again.";
      return;
    }
    this.check.disabled = true;
    const seconds = (performance.now() - this.shownAt) / 1000;
    try {
      const verdict = { ...(await this.judge(question, given, seconds)), given };
      this.verdicts.set(question.id, verdict);
      this.show(verdict);
      this.tell();
    } catch (error) {
      this.feedback.textContent = `Your answer could not be sent (${error.message}). Try again.`;
      this.check.disabled = false;
    }
  }

  show(verdict) {
    const word = verdict.score >= 1 ? "Right." : verdict.score > 0 ? "Partly right." : "Not right.";
    const lines = [make("strong", {}, word)];
    if (verdict.score < 1 && verdict.right) lines.push(make("p", {}, `The answer: ${verdict.right}`));
    if (verdict.explanation) lines.push(make("p", {}, verdict.explanation));
    this.feedback.replaceChildren(...lines);
    this.feedback.dataset.state = verdict.score >= 1 ? "right" : "wrong";
    for (const label of this.form.querySelectorAll("[data-choice]")) {
      if (verdict.keys?.includes(label.dataset.choice)) label.classList.add("is-key");
      const input = label.querySelector("input");
      if (input) {
        input.disabled = true;
        if (verdict.given?.includes(input.value)) input.checked = true;
      }
    }
    for (const button of this.form.querySelectorAll(".quiz-moves button")) button.disabled = true;
    this.check.hidden = true;
    this.next.hidden = false;
    this.next.focus();
  }

  key(event) {
    if (!this.current || event.target.matches("input:not([type=radio]):not([type=checkbox])")) return;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const number = Number(event.key);
    if (number >= 1 && number <= 9) {
      const input = this.form.querySelectorAll("fieldset input")[number - 1];
      if (input && !input.disabled) {
        input.checked = input.type === "radio" ? true : !input.checked;
        input.focus();
        event.preventDefault();
      }
    }
    if (event.key === "Enter" && event.target.matches("input[type=radio], input[type=checkbox]")) {
      event.preventDefault();
      this.form.requestSubmit();
    }
  }

  close() {
    this.panel.hidden = true;
    this.current = null;
    this.root.classList.remove("is-asking");
  }

  replay(question) {
    this.close();
    this.video.currentTime = Math.max(0, question.start - 1);
    this.video.play();
    this.video.focus();
  }

  resume() {
    this.close();
    if (this.verdicts.size === this.questions.length && this.video.ended) return this.finish();
    const due = this.questions.find((question) => !this.verdicts.has(question.id)
      && question.end + GRACE_SECONDS <= this.video.currentTime);
    if (due) return this.open(due);
    if (this.video.ended || this.video.currentTime >= this.video.duration - 0.2) return this.finish();
    this.video.play();
    this.video.focus();
  }

  finish() {
    const total = this.questions.length;
    if (!total) return this.onFinish({ right: 0, total, share: 100 });
    const share = Math.round((100 * this.right) / total);
    const heading = make("h2", { tabindex: "-1" }, `Your score: ${share} %`);
    this.panel.replaceChildren(make("div", { class: "quiz-end" }, heading,
      make("p", {}, `${Math.round(this.right * 100) / 100} of ${total} points.`),
      make("button", { type: "button", class: "quiz-next", onclick: () => this.close() }, "Back to the video")));
    this.panel.hidden = false;
    this.root.classList.add("is-asking");
    heading.focus();
    this.onFinish({ right: this.right, total, share });
  }
}
