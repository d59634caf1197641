// JSON and CSV as tables, read when they are opened.

document.addEventListener("toggle", async (event) => {
  const fold = event.target;
  if (!fold.matches?.("details[data-table][open]") || fold.dataset.read) return;
  fold.dataset.read = "1";
  const body = fold.querySelector("[data-table-body]");
  try {
    const text = await (await fetch(fold.dataset.table, { credentials: "same-origin" })).text();
    body.replaceChildren(drawn(text));
  } catch {
    delete fold.dataset.read;
  }
}, true);

function drawn(text) {
  try {
    return table(JSON.parse(text), 0);
  } catch {
    const pre = document.createElement("pre");
    pre.className = "small";
    pre.textContent = text;
    return pre;
  }
}

function table(value, depth) {
  if (value === null || typeof value !== "object") return document.createTextNode(shown(value));
  const rows = Array.isArray(value) ? value : Object.entries(value);
  if (Array.isArray(value) && value.every((row) => row && typeof row === "object" && !Array.isArray(row)) && value.length) return grid(value, depth);
  if (Array.isArray(value)) return document.createTextNode(value.map(shown).join(", "));
  const list = document.createElement("dl");
  list.className = "facts small";
  for (const [name, inner] of rows) {
    const term = document.createElement("dt");
    term.textContent = name.replaceAll("_", " ");
    const words = document.createElement("dd");
    words.append(depth > 3 ? JSON.stringify(inner) : table(inner, depth + 1));
    list.append(term, words);
  }
  return list;
}

function grid(rows, depth) {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))].slice(0, 10);
  const made = document.createElement("table");
  made.className = "plain-table small";
  const head = made.createTHead().insertRow();
  for (const name of columns) {
    const cell = document.createElement("th");
    cell.scope = "col";
    cell.textContent = name.replaceAll("_", " ");
    head.append(cell);
  }
  const body = made.createTBody();
  for (const row of rows.slice(0, 500)) {
    const line = body.insertRow();
    for (const name of columns) {
      const value = row[name];
      line.insertCell().append(depth > 2 && value && typeof value === "object" ? JSON.stringify(value) : table(value ?? "", depth + 1));
    }
  }
  return made;
}

function shown(value) {
  if (typeof value === "number" && !Number.isInteger(value)) return String(Math.round(value * 1000) / 1000);
  return typeof value === "object" && value ? JSON.stringify(value) : String(value);
}
