// Keeps panels right over one socket, and says honestly when it cannot. `docs/decisions/0003-live-panels.md` says why.

const SILENCE_MS = 35_000; // the server sends something every 15 s; the page may say otherwise
const MOST_DELAY_MS = 8_000;
const REFUSED = { 4401: "signedOut", 4403: "refused" };
const RETRIED_BY_HTMX = [1006, 1011, 1012, 1013];
const DEAF = "<!--deaf-->"; // the server is there, but nobody tells it what changes

let socket = null; // never two: the second would bring every frame twice
let wrapper = null; // htmx's own, which can connect again
let watchdog = 0;
let deaf = false;

// -- The line --------------------------------------------------------------------------------------------------------

const delay = (tries) => Math.min(MOST_DELAY_MS, 500 * 2 ** tries) * (0.5 + Math.random() / 2);

htmx.config.wsReconnectDelay = delay;
htmx.createWebSocket = (url) => {
  abandon(socket);
  socket = new WebSocket(url);
  socket.binaryType = htmx.config.wsBinaryType;
  awaitSign();
  return socket;
};

// Whatever still happens to it, even minutes later when a dead network comes back, concerns nobody.
function abandon(old) {
  if (!old) return;
  old.onopen = old.onclose = old.onerror = null;
  old.close();
}

function line() {
  return document.getElementById("live-state");
}

function say(state, message = state) {
  const status = line();
  if (!status || status.dataset.state === state) return;
  status.dataset.state = state;
  status.querySelector("[data-text]").textContent = status.dataset[message];
}

// The moment of the last sign that nothing shown here is stale, by the clock of the page's reader.
function stamp() {
  const age = document.getElementById("live-age");
  if (!age) return;
  const at = new Date(Date.now() - Number(document.documentElement.dataset.skew)); // countdown.js found out
  age.dateTime = at.toISOString();
  age.textContent = at.toLocaleTimeString("en-GB", { timeZone: age.dataset.zone });
}

// A frozen server or a dead network closes nothing: only silence tells.
function awaitSign() {
  clearTimeout(watchdog);
  watchdog = setTimeout(onSilence, Number(line()?.dataset.silence) * 1000 || SILENCE_MS);
}

function onSilence() {
  say("offline");
  awaitSign();
  if (socket.readyState === WebSocket.CONNECTING) socket.close(); // htmx then tries again
  else if (socket.readyState === WebSocket.OPEN) wrapper.reconnect();
}

document.addEventListener("htmx:wsOpen", (event) => {
  wrapper = event.detail.socketWrapper;
  awaitSign();
});

document.addEventListener("htmx:wsClose", (event) => {
  const { code } = event.detail.event;
  if (code in REFUSED) {
    clearTimeout(watchdog);
    say("ended", REFUSED[code]);
    return;
  }
  say("offline");
  awaitSign();
  if (!RETRIED_BY_HTMX.includes(code)) setTimeout(event.detail.socketWrapper.reconnect, delay(2)); // say, a proxy's 1001
});

document.addEventListener("htmx:wsBeforeMessage", (event) => {
  const text = event.detail.message.trim();
  const isSign = text === "" || text === DEAF; // a heartbeat
  if (isSign) deaf = text === DEAF;
  say(deaf ? "offline" : "live");
  if (!deaf) stamp();
  awaitSign();
  if (isSign) event.preventDefault();
});

// The browser knows of its own network before any silence tells.
const ended = () => line()?.dataset.state === "ended";
addEventListener("offline", () => ended() || say("offline"));
addEventListener("online", () => socket && !ended() && onSilence());

// -- What it brings --------------------------------------------------------------------------------------------------

htmx.defineExtension("live", { transformResponse: news });

// Of a frame, only what this page shows and what looks different: swapping the rest would only disturb.
function news(text) {
  const frame = document.createElement("template");
  frame.innerHTML = text;
  for (const mark of frame.content.querySelectorAll("[data-rows]")) tellList(mark, frame.content);
  for (const sign of frame.content.querySelectorAll("[data-newer]")) fetchNewer(sign);
  for (const part of [...frame.content.children]) {
    const shown = document.getElementById(part.id);
    const same = part.dataset.v && part.dataset.v === shown?.dataset.v;
    if (!shown || same || part.hasAttribute("data-rows")) part.remove();
  }
  return frame.innerHTML;
}

// A list is right again if it shows every row that made the difference; otherwise it fetches itself.
function tellList(mark, frame) {
  const list = document.getElementById(mark.id);
  if (!list || list.dataset.v === mark.dataset.v) return;
  const rows = mark.dataset.rows.split(" ").filter(Boolean);
  if (list.dataset.grows) {
    growList(document.getElementById(list.dataset.grows), rows, frame);
    list.dataset.v = mark.dataset.v;
    return;
  }
  const here = (id) => frame.getElementById(id) && document.getElementById(id);
  if (rows.length && !("filtered" in list.dataset) && rows.every(here)) list.dataset.v = mark.dataset.v;
  else htmx.trigger(list, "live:stale");
}

// A list in order of time, the newest on top: each row says its place. One that is no longer on the page is left alone.
function growList(list, rows, frame) {
  if (!rows.length) htmx.trigger(list, "live:stale");
  for (const row of rows.map((id) => frame.getElementById(id))) {
    if (!row || document.getElementById(row.id)) continue;
    const older = [...list.querySelectorAll(":scope > [data-place]")];
    const next = older.find((one) => one.dataset.place < row.dataset.place);
    if (!next && older.length) continue;
    list.insertBefore(row.cloneNode(true), next ?? null);
    if (older.length < Number(list.dataset.most)) continue;
    older.at(-1).remove();
    document.getElementById(list.dataset.gap).hidden = false;
  }
}

// A panel that only says that there is something newer than the page knows: where to get it, and what it belongs into.
function fetchNewer(sign) {
  const known = document.getElementById(sign.id);
  if (!known || known.dataset.v === sign.dataset.v) return;
  htmx.ajax("GET", known.dataset.newer, { target: known.dataset.into, swap: "afterbegin", select: "li" });
}

// A swap makes new elements: focus, what was opened or closed, and how far it was scrolled go over to them by id.
document.addEventListener("htmx:oobBeforeSwap", ({ detail: { target } }) => {
  const focused = target.contains(document.activeElement) ? document.activeElement.id : "";
  const details = [...target.querySelectorAll("details[id]")].map(({ id, open }) => ({ id, open }));
  const scrolled = [...target.querySelectorAll("[id]")]
    .filter((element) => element.scrollLeft || element.scrollTop)
    .map(({ id, scrollLeft, scrollTop }) => ({ id, scrollLeft, scrollTop }));
  queueMicrotask(() => {
    for (const { id, ...state } of [...details, ...scrolled]) Object.assign(document.getElementById(id) ?? {}, state);
    if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
  });
});
