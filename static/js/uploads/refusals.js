// Dead files are refused before they are sent.

import { bytes } from "../units.js";

// What a file's first bytes say of it; what says nothing here is left for the server to judge.
const DEAD = [
  [/^4d5a/, "is a Windows program"],
  [/^7f454c46/, "is a program"],
  [/^3c(21444f43|68746d6c|48544d4c)/i, "is a web page"],
];

const FAMILIES = ["image", "video", "audio"];
// Pictures that every browser opens: one that it cannot open is broken.
const OPENED = ["image/png", "image/jpeg", "image/webp", "image/gif"];

/** Why a file is not worth sending; empty when it is, or when only the server can tell. */
export async function whyDead(file, zone) {
  if (!file.size) return "is empty";
  const most = Number(zone.dataset.most);
  if (most && file.size > most) return `is larger than ${bytes(most)}`;
  const head = new Uint8Array(await file.slice(0, 16).arrayBuffer());
  const hex = [...head].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  const dead = DEAD.find(([pattern]) => pattern.test(hex))?.[1];
  if (dead) return dead;
  const kind = file.type.split("/")[0];
  const kinds = zone.dataset.kinds.split(",").filter(Boolean);
  if (kinds.length && FAMILIES.includes(kind) && !kinds.includes(kind)) return `is ${kind === "audio" ? "sound" : `a${kind === "image" ? "n" : ""} ${kind}`}; this takes ${kinds.join(" or ")}`;
  return OPENED.includes(file.type) && !(await opens(file)) ? "is damaged: it cannot be opened as a picture" : "";
}

async function opens(file) {
  try {
    (await createImageBitmap(file, { resizeWidth: 8, resizeHeight: 8 })).close();
    return true;
  } catch {
    return false;
  }
}
