// Judges answers where no server can: in packages that learning platforms play.

const plain = (text) => text.toLowerCase().normalize("NFKC").replace(/[^\p{L}\p{N}]+/gu, " ").trim();

export const rightAnswer = (question) => {
  if (question.type === "ordering") return question.choices.map(({ text }) => text).join(" → ");
  if (question.choices.length) {
    return question.choices.filter(({ correct }) => correct).map(({ text }) => text).join("; ");
  }
  return question.answer.split("|")[0];
};

export const score = (question, given) => {
  if (question.type === "gap" || question.type === "short_answer") {
    return question.answer.split("|").some((text) => plain(text) === plain(given)) ? 1 : 0;
  }
  const keys = question.choices.filter(({ correct }) => correct).map(({ id }) => id);
  if (question.type === "ordering") {
    const inPlace = keys.filter((id, place) => given[place] === id).length;
    return inPlace === keys.length ? 1 : 0;
  }
  if (question.type !== "multiple_answer") return given.length === 1 && given[0] === keys[0] ? 1 : 0;
  const hits = given.filter((id) => keys.includes(id)).length;
  const misses = given.length - hits;
  const wrong = question.choices.length - keys.length;
  return Math.max(0, hits / keys.length - misses / Math.max(wrong, 1));
};

export const verdictOf = (question, given) => ({
  score: score(question, given),
  right: rightAnswer(question),
  keys: question.choices.filter(({ correct }) => correct).map(({ id }) => id),
  explanation: question.explanation,
});
