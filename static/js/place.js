// Picks where a station is: a click on the map, or its dragged pin, fills in latitude and longitude; and the other way
// round. Without a tile server the ground is plain, with a scale.

const holder = document.querySelector("[data-place]");
const latitude = document.querySelector("#id_latitude");
const longitude = document.querySelector("#id_longitude");
const { L } = window;
const DIGITS = 6;

const typed = () => {
  const [lat, lng] = [latitude.value, longitude.value].map((text) => (text.trim() === "" ? NaN : Number(text)));
  return Math.abs(lat) <= 90 && Math.abs(lng) <= 180 ? L.latLng(lat, lng) : null;
};

function fill({ lat, lng }) {
  latitude.value = lat.toFixed(DIGITS);
  longitude.value = lng.toFixed(DIGITS);
}

if (holder && latitude && longitude && L) {
  holder.hidden = false;
  const { tiles, attribution } = holder.dataset;
  const map = L.map(holder, { attributionControl: Boolean(tiles), scrollWheelZoom: false, dragging: !L.Browser.mobile });
  if (tiles) L.tileLayer(tiles, { attribution, maxZoom: 19 }).addTo(map);
  L.control.scale({ imperial: false }).addTo(map);
  const icon = L.divIcon({ className: "pin pin-energy", html: '<span class="pin-face"></span>', iconSize: [32, 32], iconAnchor: [16, 38] });
  const name = holder.getAttribute("aria-label");
  const pin = L.marker([0, 0], { icon, draggable: true, title: name, alt: name });
  const show = () => {
    const place = typed();
    if (!place) return;
    pin.setLatLng(place).addTo(map);
    map.setView(place, Math.max(map.getZoom() ?? 0, 13));
  };
  map.setView([25, 10], 2);
  show();
  pin.on("dragend", () => fill(pin.getLatLng()));
  map.on("click", ({ latlng }) => {
    const place = latlng.wrap();
    pin.setLatLng(place).addTo(map);
    fill(place);
  });
  for (const input of [latitude, longitude]) input.addEventListener("change", show);
}
