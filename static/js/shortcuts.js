// Keys that lead through the studio; "?" shows them.

import { nextTheme } from "./theme.js";

const PLACES = { h: "/studio/", p: "/studio/projects/", j: "/studio/jobs/", u: "/studio/settings/usage/" };
const SECOND_KEY_MS = 1200;
let going = 0;

const KEYS = {
  n: () => location.assign("/studio/new/"),
  "?": () => document.getElementById("shortcuts")?.showModal(),
  "/": search,
  t: nextTheme,
  j: () => step(1),
  k: () => step(-1),
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest("input, textarea, select, [contenteditable], dialog[open]")) return;
  if (event.key === "g") {
    going = setTimeout(() => { going = 0; }, SECOND_KEY_MS);
    return;
  }
  if (going && PLACES[event.key]) location.assign(PLACES[event.key]);
  else KEYS[event.key]?.(event);
  clearTimeout(going);
  going = 0;
});

function search(event) {
  const field = document.querySelector("[data-search]") ?? document.querySelector("[data-search-all]");
  if (!field) return;
  event.preventDefault();
  // The sidebar's own field is away in narrow windows.
  if (field.checkVisibility()) field.focus();
  else location.assign("/studio/search/");
}

function step(by) {
  const links = [...document.querySelectorAll(".row-link, .tile-link, .cover-link")];
  const at = links.indexOf(document.activeElement);
  links[Math.max(0, Math.min(links.length - 1, at + by))]?.focus();
}
