// Pictures, large, one after another.

import { icon } from "../live.js";

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-zoom]");
  if (!link || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  const links = [...document.querySelectorAll("a[data-zoom]")];
  let at = links.indexOf(link);
  const box = document.createElement("dialog");
  box.className = "dialog lightbox";
  box.setAttribute("aria-label", "Pictures");
  const picture = document.createElement("img");
  const show = (by) => {
    at = (at + by + links.length) % links.length;
    picture.src = links[at].href;
    picture.alt = links[at].getAttribute("aria-label");
  };
  const bar = document.createElement("div");
  bar.className = "viewer-bar";
  if (links.length > 1) bar.append(button("Previous", "back", () => show(-1)), button("Next", "chevron", () => show(1)));
  bar.append(button("Close", "close", () => box.close()));
  box.append(picture, bar);
  box.addEventListener("keydown", (key) => {
    if (key.key === "ArrowRight") show(1);
    if (key.key === "ArrowLeft") show(-1);
  });
  box.addEventListener("click", (click) => { if (click.target === box) box.close(); });
  box.addEventListener("close", () => { box.remove(); link.focus(); });
  document.body.append(box);
  show(0);
  box.showModal();
});

function button(label, name, onClick) {
  const made = document.createElement("button");
  made.type = "button";
  made.className = "btn btn-sm";
  made.append(icon(name), ` ${label}`);
  made.addEventListener("click", () => onClick(made));
  return made;
}
