// Follows jobs over a socket; asks by plain requests while the socket is cut, and says which.

export const ENDED = ["succeeded", "failed", "cancelled", "expired"];

const FIRST_DELAY_MS = 1000;
const LONGEST_DELAY_MS = 15000;
const POLL_MS = 2500;
const SILENCE_MS = 45000;

/**
 * Calls `onJob(job)` with every snapshot, newest first come, until `until()` or the page's end.
 * `poll` fetches the jobs when there is no socket; `onLink("live" | "polling" | "offline")`.
 */
export function follow({ path, onJob, poll, onLink = () => {}, until = () => false }) {
  let delay = FIRST_DELAY_MS;
  let pollTimer = 0;
  let silenceTimer = 0;
  let over = false;
  const seqs = new Map();

  /** Whether this is news. */
  const take = (job) => {
    const known = seqs.get(job.id) ?? -1;
    // A slow answer must not put an older state over a newer one.
    if (known > job.seq) return false;
    seqs.set(job.id, job.seq);
    onJob(job);
    if (until()) finish();
    return job.seq > known;
  };

  const finish = () => {
    over = true;
    clearTimeout(pollTimer);
    clearTimeout(silenceTimer);
    onLink("ended");
  };

  const look = async () => {
    const news = (await poll()).filter(take);
    if (until()) finish();
    return news.length > 0;
  };

  const ask = async () => {
    clearTimeout(pollTimer);
    if (over || document.hidden) return;
    try {
      await look();
      if (!over) onLink("polling");
    } catch {
      onLink("offline");
    }
    if (!over && !live) pollTimer = setTimeout(ask, POLL_MS);
  };

  let live = false;
  const heard = (socket) => {
    clearTimeout(silenceTimer);
    silenceTimer = setTimeout(() => checkLine(socket), SILENCE_MS);
  };

  /** A line that fell silent is dead when others know what it did not tell. */
  const checkLine = async (socket) => {
    const dead = await look().catch(() => true);
    if (dead) socket.close();
    else if (!over) heard(socket);
  };

  const connect = () => {
    if (over) return;
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(`${scheme}//${location.host}${path}`);
    socket.onopen = () => {
      heard(socket);
      // A socket tells nothing of what ended before it was there.
      look().catch(() => {});
    };
    socket.onmessage = ({ data }) => {
      heard(socket);
      if (!live) {
        live = true;
        delay = FIRST_DELAY_MS;
        clearTimeout(pollTimer);
        onLink("live");
      }
      const message = JSON.parse(data);
      if (message.job) take(message.job);
    };
    socket.onclose = () => {
      const wasLive = live;
      live = false;
      clearTimeout(silenceTimer);
      if (over) return;
      if (wasLive) onLink("polling");
      ask();
      setTimeout(connect, delay * (0.7 + Math.random() * 0.6));
      delay = Math.min(delay * 2, LONGEST_DELAY_MS);
    };
    addEventListener("pagehide", () => { over = true; socket.close(); }, { once: true });
  };

  document.addEventListener("visibilitychange", () => { if (!document.hidden && !live) ask(); });
  addEventListener("online", () => { delay = FIRST_DELAY_MS; });
  connect();
}

export async function getJson(url) {
  const answer = await fetch(url, { headers: { Accept: "application/json" }, credentials: "same-origin" });
  if (!answer.ok) throw new Error(`${url}: ${answer.status}`);
  return answer.json();
}

/** Puts a job's or a stage's moving figures into an element that shows it. */
export function showFigures(element, { status, progress, message }) {
  for (const bar of element.querySelectorAll('[data-value="progress"]')) bar.value = progress;
  setText(element, "progress", Math.floor(progress));
  const line = element.querySelector('[data-text="message"]');
  if (line && message !== undefined) {
    if (line.textContent !== message) line.textContent = message;
    line.hidden = !message;
  }
  if (status) setText(element, "status", status);
}

function setText(element, name, text) {
  for (const node of element.querySelectorAll(`[data-text="${name}"]`)) {
    if (node.textContent !== String(text)) node.textContent = text;
  }
}

const SPRITE = document.querySelector("svg.icon use")?.getAttribute("href").split("#")[0];

export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `${SPRITE}#${name}`);
  svg.append(use);
  return svg;
}

/** Gives an element a new state: its class, its word and its picture. */
export function showState(element, status) {
  for (const node of [element, ...element.querySelectorAll(".state")]) {
    node.className = node.className.replace(/\bis-(queued|pending|running|waiting|succeeded|skipped|failed|cancelled|expired)\b/, `is-${status}`);
  }
  const picture = element.querySelector(".state .icon");
  if (picture) picture.replaceWith(icon(`s-${status}`));
}
