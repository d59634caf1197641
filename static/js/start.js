// The form of a new job: sliders and their numbers, choosing inputs, what was just uploaded.

import { icon } from "./live.js";

const form = document.querySelector("[data-start]");

for (const field of form.querySelectorAll("[data-mirror]")) {
  field.addEventListener("input", () => { document.getElementById(field.dataset.mirror).value = field.value; });
}

const inputs = form.querySelector("[data-inputs]");
if (inputs) {
  const choices = inputs.querySelector("#input-choices");
  const atMost = Number(inputs.dataset.atMost);
  const atLeast = Number(inputs.dataset.atLeast);

  const count = () => {
    const chosen = choices.querySelectorAll(":checked").length;
    const each = form.querySelector("[name=each]")?.checked || atMost === 1;
    inputs.querySelector("[data-chosen-count]").textContent = chosen ? `· ${chosen} chosen` : "";
    const jobs = each ? chosen : Math.min(chosen, 1);
    form.querySelector("[data-start-label]").textContent = jobs > 1 ? `Start ${jobs} jobs` : "Start";
    form.classList.toggle("is-short", chosen < atLeast);
  };
  form.addEventListener("change", count);
  count();

  document.addEventListener("asset-uploaded", async ({ detail }) => {
    if (detail.id === "done") return;
    const tile = document.createElement("li");
    tile.className = "tile tile-pick";
    const label = document.createElement("label");
    const box = document.createElement("input");
    Object.assign(box, { type: "checkbox", name: "inputs", value: detail.id, checked: true });
    box.setAttribute("aria-label", detail.file.name);
    const thumb = document.createElement("span");
    thumb.className = "thumb";
    const tick = document.createElement("span");
    tick.className = "tile-tick";
    tick.append(icon("check"));
    if (detail.file.type.startsWith("image/")) {
      const picture = document.createElement("img");
      picture.src = URL.createObjectURL(detail.file);
      picture.alt = "";
      thumb.append(picture);
    } else {
      thumb.append(icon(detail.file.type.split("/")[0] || "document"));
    }
    thumb.append(tick);
    const name = document.createElement("span");
    name.className = "tile-name";
    name.textContent = detail.file.name;
    label.append(box, thumb, name);
    tile.append(label);
    choices.prepend(tile);
    box.dispatchEvent(new Event("change", { bubbles: true }));
  });
}
