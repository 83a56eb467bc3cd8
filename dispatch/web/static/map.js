// The schematic map of Hollands Midden: where alarms and units are, and a list that says the same.
// It is drawn from what stands here; a tile that a third party serves would tell it where a victim is.

import { html, nothing, repeat, svg } from "./vendor/lit.js";
import { where } from "./parts.js";
import { changed, state, tables } from "./store.js";
import { show } from "./show.js";
import { busyUnits, UNITS } from "./units.js";
import { labels, map as words, status } from "./words.js";

const WIDTH = 420;
const HEIGHT = 490;
const [WEST, NORTH, PER_EAST, PER_NORTH] = [4.33, 52.33, 682, 1112]; // ten units are a kilometre
const SHOWN_MAX = 50; // the most urgent ones, as in the queue
const CELL = 24; // markers that would lie on each other are one

// Right to about a kilometre; "end" writes the name on the left.
const TOWNS = [
  ["Alphen aan den Rijn", 52.129, 4.656],
  ["Bodegraven-Reeuwijk", 52.064, 4.738],
  ["Gouda", 52.012, 4.711],
  ["Hillegom", 52.291, 4.583],
  ["Kaag en Braassem", 52.213, 4.651],
  ["Katwijk", 52.203, 4.4],
  ["Krimpenerwaard", 51.94, 4.816, "end"],
  ["Leiden", 52.16, 4.497, "end"],
  ["Leiderdorp", 52.158, 4.529],
  ["Lisse", 52.258, 4.557],
  ["Nieuwkoop", 52.151, 4.776],
  ["Noordwijk", 52.24, 4.443],
  ["Oegstgeest", 52.18, 4.47, "end"],
  ["Teylingen", 52.224, 4.504],
  ["Voorschoten", 52.127, 4.448, "end"],
  ["Waddinxveen", 52.045, 4.652, "end"],
  ["Zoeterwoude", 52.128, 4.507],
  ["Zuidplas", 51.99, 4.595],
];
const SEA = "M0 0H116L99 33 65 89 38 145 0 211z";
const RIVERS = "M44 133 109 189 222 224 286 275 420 262M320 345 259 356 184 434 150 462M198 490 307 456 355 428 420 405";

const within = (number, most) => Math.min(Math.max(number, 10), most - 10);
const at = (latitude, longitude) => [
  within((longitude - WEST) * PER_EAST, WIDTH),
  within((NORTH - latitude) * PER_NORTH, HEIGHT),
];

// Where the button was at its newest press that says so; else the household's address.
function position({ household, presses }) {
  const told = presses.findLast(({ location }) => location)?.location;
  return told ?? household;
}

// The most urgent alarms with their numbers on this map.
function numbered() {
  const { open, inProgress } = tables();
  const all = [...open, ...inProgress];
  return { rows: all.slice(0, SHOWN_MAX), more: Math.max(0, all.length - SHOWN_MAX) };
}

function markers(rows) {
  const cells = new Map();
  rows.forEach((row, index) => {
    const place = position(row.view);
    if (!place) return;
    const [x, y] = at(place.latitude, place.longitude);
    const cell = `${Math.round(x / CELL)}/${Math.round(y / CELL)}`;
    const known = cells.get(cell);
    if (known) known.others.push(row);
    else cells.set(cell, { row, number: index + 1, x, y, others: [] });
  });
  return [...cells.values()].reverse(); // the most urgent one is drawn last, so on top
}

const town = ([name, latitude, longitude, anchor = "start"]) => {
  const [x, y] = at(latitude, longitude);
  return svg`
    <circle class="town" cx=${x} cy=${y} r="2.5"></circle>
    <text x=${x + (anchor === "end" ? -6 : 6)} y=${y + 4} text-anchor=${anchor}>${name}</text>
  `;
};

const unit = ([name, latitude, longitude], busy) => {
  const [x, y] = at(latitude, longitude);
  return svg`
    <rect class="unit ${busy.has(name) ? "busy" : ""}" x=${x - 5} y=${y + 7} width="10" height="10">
      <title>${name}</title>
    </rect>
  `;
};

function marker({ row, number, x, y, others }) {
  const chosen = [row, ...others].some(({ alarm_id: id }) => id === state.selected);
  return svg`
    <g
      class="marker p${row.view.priority} ${row.view.status} ${chosen ? "chosen" : ""}"
      data-marker=${row.alarm_id}
      transform="translate(${x} ${y})"
      @click=${() => show(row.alarm_id)}
    >
      <path d="M0 0-9-14A11 11 0 1 1 9-14z"></path>
      <text y="-16" text-anchor="middle">${number}${others.length ? "+" : ""}</text>
    </g>
  `;
}

const listed = (row, index) => html`
  <li>
    <button
      type="button"
      aria-pressed=${state.selected === row.alarm_id}
      @click=${() => show(row.alarm_id)}
    >
      ${index + 1}. ${labels.priority} ${row.view.priority}, ${where(row.view).head},
      ${where(row.view).line}: ${status[row.view.status].toLowerCase()}${position(row.view)
        ? nothing
        : ` (${words.nowhere})`}
    </button>
  </li>
`;

const listedUnit = ([name, , , stands], busy) =>
  html`<li>${name}, ${stands}: ${busy.has(name) ? labels.unitBusy : labels.unitFree}</li>`;

let unfolded = matchMedia("(min-width: 110rem)").matches;

function toggled({ target }) {
  unfolded = target.open;
  changed();
}

// For the police only: nothing else may know where a household is.
export function map() {
  if (state.console !== "police") return nothing;
  return html`
    <details class="panel map" ?open=${unfolded} @toggle=${toggled}>
      <summary><h2>${words.title}</h2></summary>
      ${unfolded ? drawn() : nothing}
    </details>
  `;
}

function drawn() {
  const { rows, more } = numbered();
  const busy = busyUnits();
  return html`
    <div class="sheet">
      <svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label=${words.label}>
        <path class="sea" d=${SEA}></path>
        <path class="river" d=${RIVERS}></path>
        ${TOWNS.map(town)} ${UNITS.map((one) => unit(one, busy))} ${markers(rows).map(marker)}
      </svg>
      <div>
        <h3>${words.alarms}</h3>
        <ol>
          ${repeat(rows, (row) => row.alarm_id, listed)}
        </ol>
        ${more ? html`<p class="quiet">${words.more(more)}</p>` : nothing}
        <h3>${words.units}</h3>
        <ul>
          ${UNITS.map((one) => listedUnit(one, busy))}
        </ul>
      </div>
    </div>
  `;
}
