// The map beside a list of stations: one marker for every [data-lat] in the list, each lighting up with its row.
// Without a tile server the ground is plain: a graticule, a scale and the names of the cities there are stations in.

const pane = document.querySelector("[data-map]");
const list = document.querySelector("[data-map-list]");
const { L } = window;

const Graticule = L.GridLayer.extend({
  createTile() {
    const tile = document.createElement("div");
    tile.className = "map-tile";
    return tile;
  },
});

class StationMap {
  constructor(holder) {
    this.map = L.map(holder, { attributionControl: false, minZoom: 2, maxZoom: 18, zoomSnap: 0.5, worldCopyJump: true });
    this.markers = new Map();
    this.names = L.layerGroup().addTo(this.map);
    this.ground(holder.dataset);
    L.control.scale().addTo(this.map);
    this.map.setView([20, 0], 2);
    this.map.on("zoomend", () => this.nameCities());
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

  // Also when more rows have come: known ones are left alone.
  read(rows) {
    for (const row of rows) if (!this.markers.has(row.id)) this.add(row);
    this.fit();
  }

  add(row) {
    const { lat, lng, tone, count, city } = row.dataset;
    const title = row.querySelector("a").textContent.trim();
    const icon = L.divIcon({ className: `pin pin-${tone}`, html: pinFace(count), iconSize: [32, 32], iconAnchor: [16, 38] });
    const marker = L.marker([Number(lat), Number(lng)], { icon, title, alt: title, riseOnHover: true }).addTo(this.map);
    marker.city = city;
    marker.bindPopup(() => popup(row), { minWidth: 180, maxWidth: 260, offset: [0, -30] });
    marker.on("mouseover", () => light(row, true)).on("mouseout", () => light(row, false));
    marker.on("popupopen", () => light(row, true)).on("popupclose", () => light(row, false));
    this.markers.set(row.id, marker);
  }

  fit() {
    const places = [...this.markers.values()].map((marker) => marker.getLatLng());
    if (places.length) this.map.fitBounds(L.latLngBounds(places), { padding: [44, 44], maxZoom: 13, animate: false });
    this.nameCities();
  }

  highlight(id, on) {
    const marker = this.markers.get(id);
    marker?.getElement()?.classList.toggle("is-lit", on);
    marker?.setZIndexOffset(on ? 1000 : 0);
  }

  // The name of a city stands over the middle of its stations; where two would touch, the one with more stations stays.
  nameCities() {
    this.names.clearLayers();
    if (!this.plain) return;
    const taken = [];
    for (const [name, places] of byCity(this.markers.values())) {
      const middle = L.latLngBounds(places).getCenter();
      const point = this.map.latLngToLayerPoint(middle);
      const half = name.length * 4 + 8;
      const box = [point.x - half, point.y + 8, point.x + half, point.y + 28];
      if (taken.some((other) => touch(box, other))) continue;
      taken.push(box);
      const face = document.createElement("span");
      face.textContent = name;
      const icon = L.divIcon({ className: "city-name", html: face, iconSize: [0, 0] });
      L.marker(middle, { icon, interactive: false, keyboard: false, zIndexOffset: -1000 }).addTo(this.names);
    }
  }
}

function pinFace(count) {
  const face = document.createElement("span");
  face.className = "pin-face";
  face.textContent = count ?? "";
  return face;
}

function byCity(markers) {
  const cities = new Map();
  for (const marker of markers) {
    if (marker.city) cities.set(marker.city, [...(cities.get(marker.city) ?? []), marker.getLatLng()]);
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
  return box;
}

function light(row, on) {
  row.classList.toggle("is-lit", on);
}

if (pane && list && L) {
  pane.closest("[hidden]")?.removeAttribute("hidden");
  const map = new StationMap(pane);
  const rows = () => list.querySelectorAll("[data-lat]");
  map.read(rows());
  list.addEventListener("htmx:afterSettle", () => map.read(rows()));
  pane.closest("details")?.addEventListener("toggle", () => (map.map.invalidateSize(), map.fit()));
  for (const [event, on] of [["mouseover", true], ["mouseout", false], ["focusin", true], ["focusout", false]]) {
    list.addEventListener(event, ({ target }) => map.highlight(target.closest("[data-lat]")?.id, on));
  }
}
