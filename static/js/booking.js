// One booking's page. Live news replaces the panel; what may be done now stands outside it, because it holds forms, and
// is fetched again when the stage has changed.

const panel = () => document.querySelector("#panel-booking");
const actions = () => document.querySelector("#booking-actions");
const spoken = document.querySelector("#booking-status");
const A_DAY = 86400;

function follow() {
  const stage = panel()?.dataset.stage;
  if (!stage || !actions() || stage === actions().dataset.stage) return;
  actions().dataset.stage = stage;
  spoken.textContent = document.querySelector("#booking-sentence").textContent;
  window.htmx.trigger(actions(), "stale");
}

// Time has changed what may be done: see what the server says, once.
function lookAgain(moment) {
  const key = `looked:${location.pathname}:${moment}`;
  if (sessionStorage.getItem(key)) return;
  sessionStorage.setItem(key, "1");
  setTimeout(() => location.reload(), 1500);
}

if (panel() && actions()) {
  new MutationObserver(follow).observe(panel().parentElement, { childList: true, subtree: true });
  follow();
  const seconds = Number(actions().dataset.turnsIn);
  if (seconds > 0 && seconds < A_DAY) setTimeout(() => lookAgain(Math.round(Date.now() / 60000)), seconds * 1000);
}

addEventListener("count-down:over", ({ target }) => lookAgain(target.getAttribute("ends-at")));
