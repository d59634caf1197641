// The quiz editor: the list of questions beside the video, by mouse and by keyboard.

const data = JSON.parse(document.getElementById("quiz-data").textContent);
const csrf = document.querySelector("[name=csrfmiddlewaretoken]").value;
const list = document.getElementById("quiz-questions");
const video = document.getElementById("quiz-video");
const said = document.getElementById("quiz-said");
const WITH_TEXT = ["gap", "short_answer"];
const LEVELS = ["easy", "medium", "hard"];
const BLOOM = ["remember", "understand", "apply", "analyze", "evaluate", "create"];

let quiz = data.quiz;
let editing = null;

const clock = (seconds) => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;
const named = (word) => word.replaceAll("_", " ");

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

const say = (text, bad = false) => {
  said.textContent = text;
  said.classList.toggle("is-bad", bad);
};

const call = async (method, url, body) => {
  const response = await fetch(url, {
    method,
    headers: { "Content-Type": "application/json", "X-CSRFToken": csrf },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const told = response.status === 204 ? null : await response.json();
  if (!response.ok) {
    const fields = Object.entries(told?.errors ?? {}).map(([name, texts]) => `${name}: ${texts.join(" ")}`);
    throw new Error(fields.join("; ") || told?.detail || `status ${response.status}`);
  }
  return told;
};

// One change at a time: a second key pressed meanwhile would act on what is going away.
let busy = false;

const carryOut = async (what, work, focus) => {
  if (busy) return;
  busy = true;
  list.setAttribute("aria-busy", "true");
  try {
    quiz = await work();
    editing = null;
    draw(focus);
    say(what);
  } catch (error) {
    say(error.message, true);
  } finally {
    busy = false;
    list.removeAttribute("aria-busy");
  }
};

const api = (path = "") => data.api + path;
const questionUrl = (question, tail = "") => api(`questions/${question.id}/${tail}`);

const goTo = (question) => {
  video.currentTime = question.start;
  video.play();
};

const move = (question, by) => {
  const keys = quiz.questions.map(({ id }) => id);
  const place = keys.indexOf(question.id);
  const target = place + by;
  if (target < 0 || target >= keys.length) return;
  keys.splice(place, 1);
  keys.splice(target, 0, question.id);
  carryOut(`Moved to place ${target + 1}.`, () => call("POST", api("order/"), { questions: keys, version: quiz.version }), question.id);
};

const remove = (question) => {
  const place = quiz.questions.indexOf(question);
  const neighbour = (quiz.questions[place + 1] ?? quiz.questions[place - 1])?.id;
  carryOut("Removed. Undo brings it back.", () => call("DELETE", questionUrl(question)), neighbour);
};

const regenerate = (question) => {
  const place = quiz.questions.indexOf(question);
  say("Writing another one …");
  carryOut("Another one is in its place.", () => call("POST", questionUrl(question, "regenerate/")), { place });
};

const undo = () => carryOut("Taken back.", () => call("POST", api("undo/")));

const add = (after) => {
  editing = { id: "", type: "multiple_choice", prompt: "", explanation: "", difficulty: "medium", bloom: "remember",
    start: Math.round(video.currentTime * 10) / 10, end: Math.round(video.currentTime * 10) / 10, quote: "", answer: "",
    choices: [{ text: "", correct: true }, { text: "", correct: false }, { text: "", correct: false }, { text: "", correct: false }],
    after: after?.id ?? "" };
  draw();
};

const tool = (label, work, attributes = {}) => make("button", { type: "button", class: "btn", onclick: work, ...attributes }, label);

const shown = (question, place) => {
  const parts = [
    make("p", { class: "meta" }, `${place + 1} · ${named(question.type)} · ${question.difficulty} · ${question.bloom} · ${clock(question.start)}–${clock(question.end)}`),
    make("h2", {}, question.prompt),
  ];
  if (question.choices.length) {
    const kind = question.type === "ordering" ? "ol" : "ul";
    parts.push(make(kind, {}, ...question.choices.map((choice) => make("li",
      { class: choice.correct && question.type !== "ordering" ? "is-right" : null }, choice.text))));
  } else {
    parts.push(make("p", {}, `Answer: ${question.answer.split("|").join(" / ")}`));
  }
  if (question.quote) parts.push(make("blockquote", {}, question.quote));
  parts.push(make("div", { class: "quiz-tools" },
    tool("Edit", () => { editing = structuredClone(question); draw(); }),
    tool("Go to moment", () => goTo(question)),
    tool("↑", () => move(question, -1), { "aria-label": "Move up", disabled: place === 0 }),
    tool("↓", () => move(question, 1), { "aria-label": "Move down", disabled: place === quiz.questions.length - 1 }),
    tool("Another one", () => regenerate(question)),
    tool("Add behind", () => add(question)),
    tool("Remove", () => remove(question))));
  return make("li", { class: "quiz-item", tabindex: "0", "data-key": question.id }, ...parts);
};

const selectOf = (name, words, value) => make("select", { name, class: "select" },
  ...words.map((word) => make("option", { value: word, selected: word === value }, named(word))));

const optionRow = (choice, holder) => {
  const row = make("div", { class: "quiz-option", "data-id": choice.id ?? "", "data-feedback": choice.feedback ?? "" },
    make("input", { type: "checkbox", "aria-label": "Right", checked: choice.correct }),
    make("input", { class: "input", value: choice.text, "aria-label": "Choice", maxlength: "500" }),
    make("button", { type: "button", class: "btn", "aria-label": "Remove this choice", onclick: () => row.remove() }, "×"));
  holder.append(row);
  return row;
};

const form = (question) => {
  const options = make("fieldset", { class: "stack-tight" }, make("legend", {}, "Choices: tick what is right"));
  for (const choice of question.choices) optionRow(choice, options);
  const more = make("button", { type: "button", class: "btn", onclick: () => optionRow({ text: "", correct: false }, options).querySelector(".input").focus() }, "Add a choice");
  const answer = make("label", {}, "Accepted answers, parted by |", make("input", { class: "input", name: "answer", value: question.answer }));
  const type = selectOf("type", data.types, question.type);
  const adapt = () => {
    const text = WITH_TEXT.includes(type.value);
    options.hidden = more.hidden = text;
    answer.hidden = !text;
    if (type.value === "true_false" && options.querySelectorAll(".quiz-option").length !== 2) {
      options.querySelectorAll(".quiz-option").forEach((row) => row.remove());
      optionRow({ text: "True", correct: true }, options);
      optionRow({ text: "False", correct: false }, options);
    }
  };
  type.addEventListener("change", adapt);
  const moment = (name, label) => make("label", {}, label, make("span", { class: "quiz-option" },
    make("span"), make("input", { class: "input", name, type: "number", step: "0.01", min: "0", value: question[name] }),
    make("button", { type: "button", class: "btn", onclick: (event) => { event.currentTarget.previousElementSibling.value = video.currentTime.toFixed(2); } }, "Now")));
  const element = make("form", { class: "quiz-form", novalidate: true, onsubmit: (event) => { event.preventDefault(); save(question, element); } },
    make("label", {}, "Question", make("textarea", { class: "input", name: "prompt", rows: "3" }, question.prompt)),
    make("label", {}, "Type", type), options, more, answer,
    make("label", {}, "Explanation", make("textarea", { class: "input", name: "explanation", rows: "2" }, question.explanation)),
    make("div", { class: "quiz-pair" }, make("label", {}, "Difficulty", selectOf("difficulty", LEVELS, question.difficulty)),
      make("label", {}, "Bloom level", selectOf("bloom", BLOOM, question.bloom)), moment("start", "From second"), moment("end", "Asked at second")),
    make("label", {}, "Quote from the lesson", make("textarea", { class: "input", name: "quote", rows: "2" }, question.quote)),
    make("div", { class: "quiz-tools" }, make("button", { class: "btn btn-main" }, "Save"),
      make("button", { type: "button", class: "btn", onclick: () => leave(question.id) }, "Cancel")));
  adapt();
  return make("li", { class: "quiz-item" }, element);
};

const told = (element) => {
  const fields = element.elements;
  const choices = [...element.querySelectorAll(".quiz-option[data-id]")].map((row) => ({
    id: row.dataset.id, text: row.querySelector(".input").value.trim(), feedback: row.dataset.feedback,
    correct: row.querySelector("[type=checkbox]").checked,
  })).filter(({ text }) => text);
  const text = WITH_TEXT.includes(fields.type.value);
  return { type: fields.type.value, prompt: fields.prompt.value, choices: text ? [] : choices,
    answer: text ? fields.answer.value : "", explanation: fields.explanation.value,
    difficulty: fields.difficulty.value, bloom: fields.bloom.value, start: Number(fields.start.value),
    end: Number(fields.end.value), quote: fields.quote.value };
};

const save = (question, element) => {
  const body = { ...told(element), version: quiz.version };
  if (question.id) carryOut("Saved.", () => call("PATCH", questionUrl(question), body), question.id);
  else carryOut("Added.", () => call("POST", api("questions/"), { ...body, after: question.after }));
};

const leave = (focus) => { editing = null; draw(focus); };

const draw = (focus) => {
  list.replaceChildren(...quiz.questions.map((question, place) => (
    editing?.id === question.id ? form(editing) : shown(question, place))));
  if (editing && !editing.id) {
    const after = list.querySelector(`[data-key="${editing.after}"]`);
    const item = form(editing);
    if (after) after.after(item); else list.append(item);
  }
  document.getElementById("quiz-empty").hidden = quiz.questions.length > 0 || editing !== null;
  document.querySelector("[data-do=undo]").disabled = !quiz.can_undo;
  if (editing) list.querySelector("form textarea").focus();
  else if (typeof focus === "string") list.querySelector(`[data-key="${focus}"]`)?.focus();
  else if (focus) list.children[focus.place]?.focus();
};

list.addEventListener("keydown", (event) => {
  const item = event.target.closest(".quiz-item");
  if (event.target.closest("form")) {
    if (event.key === "Escape") leave(editing?.id);
    if (event.key === "Enter" && event.ctrlKey) event.target.closest("form").requestSubmit();
    return;
  }
  if (event.target !== item) return;
  const question = quiz.questions.find(({ id }) => id === item.dataset.key);
  const act = {
    j: () => item.nextElementSibling?.focus(), k: () => item.previousElementSibling?.focus(),
    e: () => { editing = structuredClone(question); draw(); }, g: () => goTo(question),
    r: () => regenerate(question), a: () => add(question), Delete: () => remove(question),
  };
  act.Enter = act.e;
  if (event.altKey && event.key === "ArrowUp") move(question, -1);
  else if (event.altKey && event.key === "ArrowDown") move(question, 1);
  else if (!event.ctrlKey && !event.metaKey && act[event.key]) act[event.key]();
  else return;
  event.preventDefault();
  event.stopPropagation();
});

document.addEventListener("keydown", (event) => {
  const typing = event.target.matches("input, textarea, select");
  if (event.key === "z" && (event.ctrlKey || event.metaKey) && !typing && quiz.can_undo) {
    event.preventDefault();
    undo();
  }
});

document.getElementById("quiz-title").addEventListener("change", (event) => {
  carryOut("Renamed.", () => call("PATCH", api(), { title: event.target.value }));
});

const linkLine = (link) => make("li", { class: "quiz-tools" },
  make("a", { href: link.url }, new URL(link.url, location.href).href),
  make("span", {}, link.keeps_results ? "keeps results" : "keeps nothing"),
  tool("Close", async (event) => {
    const line = event.currentTarget.closest("li");
    await call("DELETE", api(`links/${link.token}/`));
    line.remove();
    say("The link is closed.");
  }));

const share = async (keeps) => {
  try {
    const link = await call("POST", api("links/"), { keeps_results: keeps });
    const links = document.getElementById("quiz-links");
    links.prepend(linkLine(link));
    links.closest("details").open = true;
    const address = new URL(link.url, location.href).href;
    await navigator.clipboard?.writeText(address).catch(() => {});
    say(`The link is made: ${address}`);
  } catch (error) {
    say(error.message, true);
  }
};

// A job does the rest: go and watch it.
const start = async (url) => {
  try {
    const job = await call("POST", url, {});
    location.assign(job.urls.page);
  } catch (error) {
    say(error.message, true);
  }
};

const work = {
  undo,
  add: () => add(quiz.questions.at(-1)),
  share: () => share(true),
  export: () => start(api("export/")),
  remake: () => start(`${data.lesson_api}remake/`),
};
for (const button of document.querySelectorAll("[data-do]")) button.addEventListener("click", () => work[button.dataset.do]());

const links = document.getElementById("quiz-links");
links.append(...data.links.map(linkLine));
links.after(tool("A link that keeps nothing", () => share(false)));

const seek = (seconds) => tool(clock(seconds), () => { video.currentTime = seconds; });
document.getElementById("quiz-transcript").append(...data.lesson.segments.map((segment) => make("li", { class: "quiz-line" },
  seek(segment.start), make("textarea", { "aria-label": `Said at ${clock(segment.start)}`, rows: "1", onchange: async (event) => {
    try {
      await call("PATCH", `${data.lesson_api}segments/${segment.position}/`, { text: event.target.value });
      say("The transcript is corrected.");
    } catch (error) {
      say(error.message, true);
    }
  } }, segment.text))));
document.getElementById("quiz-scenes").append(...data.lesson.scenes.map((scene) => make("li", { class: "quiz-line" },
  seek(scene.start), make("div", {}, scene.thumbnail_url ? make("img", { src: scene.thumbnail_url, alt: "", loading: "lazy" }) : null,
    make("input", { class: "input", value: scene.title, placeholder: named(scene.begins_with), "aria-label": `Title of the scene at ${clock(scene.start)}`,
      onchange: async (event) => {
        await call("PATCH", `${data.lesson_api}scenes/${scene.position}/`, { title: event.target.value });
        say("The scene is named.");
      } })))));

draw();
