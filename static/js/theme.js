// Light, dark, or as the system has it; kept in a cookie, so that the server draws it right at once.

import { icon } from "./live.js";

const THEMES = ["auto", "light", "dark"];
const NAMES = { auto: "as the system", light: "light", dark: "dark" };
const PICTURES = { auto: "auto", light: "sun", dark: "moon" };

const after = (theme) => THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length];

export function nextTheme() {
  setTheme(after(document.documentElement.dataset.theme));
}

function setTheme(theme) {
  document.documentElement.dataset.theme = theme;
  document.cookie = `theme=${theme};path=/;max-age=31536000;samesite=lax`;
  for (const form of document.querySelectorAll("[data-theme-switch]")) {
    const button = form.querySelector("button");
    button.value = after(theme);
    button.setAttribute("aria-label", `Theme: ${NAMES[theme]}. Change to ${NAMES[after(theme)]}`);
    button.replaceChildren(icon(PICTURES[theme]));
  }
}

document.addEventListener("submit", (event) => {
  if (!event.target.matches("[data-theme-switch]")) return;
  event.preventDefault();
  setTheme(event.target.querySelector("button").value);
});
