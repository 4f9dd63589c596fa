// Comforts of the search form: where one is, and the clock one reads.

const form = document.querySelector("[data-find]");
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;

// A time that was searched for keeps the zone it was meant in.
if (form && zone && !form.elements.free_from.value) {
  form.elements.zone.value = zone;
  for (const name of form.querySelectorAll("[data-zone]")) name.textContent = zone.replaceAll("_", " ");
}

const button = form?.querySelector("[data-near]");
const told = form?.querySelector("[data-near-told]");

function found({ coords }) {
  form.elements.near.value = `${coords.latitude.toFixed(4)},${coords.longitude.toFixed(4)}`;
  form.requestSubmit();
}

function notFound(error) {
  button.disabled = false;
  told.textContent = error.code === error.PERMISSION_DENIED ? told.dataset.denied : told.dataset.failed;
}

if (button && "geolocation" in navigator) {
  button.hidden = false;
  button.addEventListener("click", () => {
    button.disabled = true;
    told.textContent = told.dataset.looking;
    navigator.geolocation.getCurrentPosition(found, notFound, { timeout: 10000, maximumAge: 300000 });
  });
}
