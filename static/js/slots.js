// The availability table and the booking form tell each other what was chosen. Both work without it: the table's cells
// are links, the form has its own lists.

const table = document.querySelector("#when");
const form = document.querySelector("#wish");
const { evse, start, minutes } = form?.elements ?? {};

const slotOf = (option) => Number(option?.dataset.slot) || 0;

// The free slots of every EVSE, as the table shows them now.
function freeSlots() {
  const free = new Map();
  for (const { dataset } of table.querySelectorAll("[data-free]")) {
    if (!free.has(dataset.evse)) free.set(dataset.evse, new Set());
    [...dataset.free].forEach((is, n) => is === "1" && free.get(dataset.evse).add(Number(dataset.slot) + n));
  }
  return free;
}

function chosenSlots() {
  const first = slotOf(start.selectedOptions[0]);
  return first ? Array.from({ length: Number(minutes.value) / 15 }, (_, n) => first + n) : [];
}

function show() {
  const free = freeSlots().get(evse.value) ?? new Set();
  for (const option of start.options) option.disabled = Boolean(option.value) && !free.has(slotOf(option)) && !option.selected;
  const chosen = chosenSlots();
  for (const cell of table.querySelectorAll("[data-free]")) {
    const first = Number(cell.dataset.slot);
    const picked = cell.dataset.evse === evse.value && chosen.some((slot) => slot >= first && slot < first + 4);
    cell.classList.toggle("is-picked", picked);
  }
  return chosen.every((slot) => free.has(slot));
}

function choose(cell) {
  evse.value = cell.dataset.evse;
  const slot = Number(cell.dataset.slot) + cell.dataset.free.indexOf("1");
  start.value = [...start.options].find((option) => slotOf(option) === slot)?.value ?? "";
  start.dispatchEvent(new Event("change", { bubbles: true }));
  if (form.getBoundingClientRect().top > innerHeight * 0.8) form.scrollIntoView({ block: "start", behavior: "smooth" });
}

// On a phone the table scrolls sideways: begin in the morning, and stay where one was when live news replaces it.
const box = () => table.querySelector(".day-box");
let scrolled = 0;

function scrollToMorning() {
  const morning = [...table.querySelectorAll("thead th")].find((hour) => hour.textContent === "07");
  if (morning) box().scrollLeft = morning.offsetLeft - table.querySelector("thead th").offsetWidth;
}

if (table && box()) {
  scrollToMorning();
  table.addEventListener("scroll", () => (scrolled = box().scrollLeft), { capture: true, passive: true });
}

if (table && form) {
  let fits = show();
  form.addEventListener("change", () => (fits = show()));
  table.addEventListener("click", (event) => {
    const cell = event.target.closest("[data-free]");
    if (!cell || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    choose(cell);
  });
  // Live news has replaced the table: if it concerns what was chosen, ask for the price again.
  new MutationObserver(() => {
    if (box()) box().scrollLeft = scrolled;
    const before = fits;
    fits = show();
    if (fits !== before) form.dispatchEvent(new Event("change", { bubbles: true }));
  }).observe(table, { childList: true, subtree: true });
}
