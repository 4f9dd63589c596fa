// Keeps panels right over one socket, and says honestly when it cannot.

const SILENCE_MS = 35_000; // the server sends something every 15 s
const LOOK_MS = 1_000;
const MOST_DELAY_MS = 8_000;
const REFUSED = { 4401: "signedOut", 4403: "refused" };
const LEFT_BY_HTMX = [1001, 1005]; // a proxy that restarts: htmx would not connect again

let socket = null;
let wrapper = null;
let heardAt = 0;
let ended = false;

const delay = (tries) => Math.random() * Math.min(MOST_DELAY_MS, 500 * 2 ** tries);

htmx.config.wsReconnectDelay = delay;
htmx.createWebSocket = (url) => {
  socket = new WebSocket(url);
  socket.binaryType = htmx.config.wsBinaryType;
  return socket;
};

function say(state, message = state) {
  const line = document.getElementById("live-state");
  if (!line || line.dataset.state === state) return;
  line.dataset.state = state;
  line.querySelector("[data-text]").textContent = line.dataset[message];
}

document.addEventListener("htmx:wsOpen", (event) => {
  wrapper = event.detail.socketWrapper;
  heardAt = Date.now();
  say("live");
});

document.addEventListener("htmx:wsClose", (event) => {
  const { code } = event.detail.event;
  ended = code in REFUSED;
  if (ended) say("ended", REFUSED[code]);
  else say("offline");
  if (LEFT_BY_HTMX.includes(code)) setTimeout(() => wrapper?.reconnect(), delay(2));
});

document.addEventListener("htmx:wsBeforeMessage", (event) => {
  heardAt = Date.now();
  say("live");
  if (!event.detail.message.trim()) event.preventDefault();
});

// A frozen server or a dead network closes nothing: only silence tells. One connection at a time.
setInterval(() => {
  if (ended || socket?.readyState !== WebSocket.OPEN || Date.now() - heardAt < SILENCE_MS) return;
  say("offline");
  socket.onclose = null;
  socket.close();
  wrapper.reconnect();
}, LOOK_MS);

// A panel that looks the same is left alone; otherwise focus and what was opened survive the swap.
document.addEventListener("htmx:oobBeforeSwap", (event) => {
  const { target, fragment } = event.detail;
  const next = fragment.firstElementChild;
  if (next?.dataset.v && next.dataset.v === target.dataset.v) {
    event.detail.shouldSwap = false;
    return;
  }
  const focused = target.contains(document.activeElement) ? document.activeElement.id : "";
  const open = [...target.querySelectorAll("details[open][id]")].map((details) => details.id);
  queueMicrotask(() => {
    for (const id of open) document.getElementById(id)?.setAttribute("open", "");
    if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
  });
});
