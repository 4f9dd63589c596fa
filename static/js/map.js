// The map beside a list of stations: a pin for every [data-lat] in the list, each lighting up with its row. Pins that
// would touch stand as one until one zooms in. Without a tile server the ground is plain: a graticule, a scale and the
// names of the cities there are stations in. With data-map-box, an address, the list follows the map: it is fetched
// again for the box that one has moved to.

const pane = document.querySelector("[data-map]");
const list = document.querySelector("[data-map-list]");
const { L } = window;
const APART = 36; // pixels between two pins
const STILL_MS = 300; // so long the map must stand still before its box is asked for

const Graticule = L?.GridLayer.extend({
  createTile() {
    const tile = document.createElement("div");
    tile.className = "map-tile";
    return tile;
  },
});

class StationMap {
  constructor(holder) {
    // Whoever scrolls the page past the map must not be caught in it: the wheel zooms a map that was clicked, and on a
    // phone two fingers move it.
    const options = { scrollWheelZoom: false, dragging: !L.Browser.mobile };
    this.map = L.map(holder, { attributionControl: false, minZoom: 2, maxZoom: 18, zoomSnap: 0.5, ...options });
    this.map.on("focus", () => this.map.scrollWheelZoom.enable());
    this.map.on("blur", () => this.map.scrollWheelZoom.disable());
    this.rows = [];
    this.pins = new Map(); // the id of a row -> the pin it stands in
    this.drawn = L.layerGroup().addTo(this.map);
    this.ground(holder.dataset);
    L.control.scale({ imperial: false }).addTo(this.map);
    this.map.setView([20, 0], 2);
    this.map.on("zoomend", () => this.draw());
  }

  ground({ tiles, attribution }) {
    this.plain = !tiles;
    if (this.plain) {
      this.map.addLayer(new Graticule({ tileSize: 256, keepBuffer: 4 }));
      return;
    }
    L.control.attribution({ prefix: false }).addTo(this.map);
    L.tileLayer(tiles, { attribution, maxZoom: 19 }).addTo(this.map);
  }

  read(rows) {
    this.update(rows);
    this.fit();
  }

  // The same place with other rows, or with rows that look different.
  update(rows) {
    this.rows = [...rows].map((row) => ({ row, place: L.latLng(row.dataset.lat, row.dataset.lng) }));
    this.draw();
  }

  get box() {
    const bounds = this.map.getBounds();
    const [south, north] = [bounds.getSouth(), bounds.getNorth()].map((one) => Math.max(-90, Math.min(90, one)));
    return [south, bounds.getWest(), north, bounds.getEast()].map((one) => one.toFixed(5)).join(",");
  }

  fit() {
    this.quiet = true;
    if (this.rows.length) {
      const bounds = L.latLngBounds(this.rows.map(({ place }) => place));
      this.map.fitBounds(bounds, { padding: [44, 44], maxZoom: 13, animate: false });
    }
    this.quiet = false;
    this.draw();
  }

  draw() {
    if (this.quiet) return;
    const focused = this.idOf((pin) => pin.getElement() === document.activeElement);
    const opened = this.idOf((pin) => pin.isPopupOpen());
    this.drawn.clearLayers();
    this.pins.clear();
    for (const group of this.groups()) this.addPin(group);
    if (this.plain) this.nameCities();
    this.pins.get(opened)?.openPopup();
    this.pins.get(focused)?.getElement()?.focus({ preventScroll: true });
  }

  // The row of the first pin that is so.
  idOf(isSo) {
    return [...this.pins].find(([, pin]) => isSo(pin))?.[0];
  }

  // Rows whose pins would touch at this zoom.
  groups() {
    const groups = [];
    for (const one of this.rows) {
      const point = this.map.latLngToLayerPoint(one.place);
      const near = groups.find((group) => group.point.distanceTo(point) < APART);
      if (near) near.members.push(one);
      else groups.push({ point, members: [one] });
    }
    return groups.map(({ members }) => members);
  }

  addPin(members) {
    const [{ row, place }] = members;
    const several = members.length > 1;
    const title = several ? `${members.length} × ${row.dataset.city}` : row.querySelector("a").textContent.trim();
    const pin = L.marker(place, { icon: face(members), title, alt: title, riseOnHover: true }).addTo(this.drawn);
    if (several) pin.on("click", () => this.map.fitBounds(L.latLngBounds(members.map((one) => one.place)), { padding: [60, 60], maxZoom: 15 }));
    else pin.bindPopup(() => popup(row), { minWidth: 180, maxWidth: 260, offset: [0, -30] });
    const light = (on) => () => members.forEach((one) => one.row.classList.toggle("is-lit", on));
    pin.on("mouseover popupopen", light(true)).on("mouseout popupclose", light(false));
    for (const one of members) this.pins.set(one.row.id, pin);
  }

  highlight(id, on) {
    const pin = this.pins.get(id);
    pin?.getElement()?.classList.toggle("is-lit", on);
    pin?.setZIndexOffset(on ? 1000 : 0);
  }

  // The name of a city stands under the middle of its stations; where two would touch, the one with more stations stays.
  nameCities() {
    const taken = [];
    for (const [name, places] of byCity(this.rows)) {
      const middle = L.latLngBounds(places).getCenter();
      const { x, y } = this.map.latLngToLayerPoint(middle);
      const half = name.length * 4 + 8;
      const box = [x - half, y + 4, x + half, y + 24];
      if (taken.some((other) => touch(box, other))) continue;
      taken.push(box);
      const words = document.createElement("span");
      words.textContent = name;
      const icon = L.divIcon({ className: "city-name", html: words, iconSize: [0, 0] });
      L.marker(middle, { icon, interactive: false, keyboard: false, zIndexOffset: -1000 }).addTo(this.drawn);
    }
  }
}

// One pin: how many EVSEs are free there; several stations as one: how many stations.
function face(members) {
  const tones = members.map(({ row }) => row.dataset.tone);
  const tone = ["trouble", "energy", "wait", "calm"].find((one) => tones.includes(one));
  const words = document.createElement("span");
  words.className = "pin-face";
  if (members.length > 1) words.textContent = members.length;
  else if (tone !== "calm") words.textContent = members[0].row.dataset.free;
  const several = members.length > 1;
  return L.divIcon({ className: `pin pin-${tone}${several ? " pin-several" : ""}`, html: words, iconSize: [32, 32], iconAnchor: [16, several ? 34 : 38] });
}

function byCity(rows) {
  const cities = new Map();
  for (const { row, place } of rows) {
    const { city } = row.dataset;
    if (city) cities.set(city, [...(cities.get(city) ?? []), place]);
  }
  return [...cities].sort((one, other) => other[1].length - one[1].length);
}

function touch(one, other) {
  return one[0] < other[2] && other[0] < one[2] && one[1] < other[3] && other[1] < one[3];
}

function popup(row) {
  const box = document.createElement("div");
  box.className = "stack-s";
  for (const part of row.querySelectorAll("[data-popup]")) box.append(part.cloneNode(true));
  for (const copy of box.querySelectorAll("[id]")) copy.removeAttribute("id");
  return box;
}

// The list shows what is in the map's box, and what changes in it changes the pins.
function followMap(map, rows) {
  let waiting = 0;
  const fetchBox = () => {
    clearTimeout(waiting);
    const address = `${pane.dataset.mapBox}?box=${map.box}`;
    const fetchNow = () => htmx.ajax("GET", address, { target: list, swap: "innerHTML", select: "#on-map > *" });
    waiting = setTimeout(fetchNow, STILL_MS);
  };
  map.map.on("moveend", () => map.quiet || fetchBox());
  list.addEventListener("live:stale", fetchBox);
  list.addEventListener("htmx:afterSettle", () => map.update(rows()));
  document.body.addEventListener("htmx:oobAfterSwap", () => requestAnimationFrame(() => map.update(rows())));
}

if (pane && list && L) {
  pane.closest("[hidden]")?.removeAttribute("hidden");
  const map = new StationMap(pane);
  const rows = () => list.querySelectorAll("[data-lat]");
  map.read(rows());
  if (pane.dataset.mapBox) followMap(map, rows);
  else list.addEventListener("htmx:afterSettle", () => map.read(rows()));
  pane.closest("details")?.addEventListener("toggle", () => (map.map.invalidateSize(), map.fit()));
  for (const [event, on] of [["mouseover", true], ["mouseout", false], ["focusin", true], ["focusout", false]]) {
    list.addEventListener(event, ({ target }) => map.highlight(target.closest("[data-lat]")?.id, on));
  }
}
