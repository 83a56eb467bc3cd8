// The simulated units of Hollands Midden: where they stand, and how long they would drive.

import { state } from "./store.js";

export const UNITS = [
  ["HM 21.01", 52.1601, 4.497, "Leiden"],
  ["HM 21.02", 52.1795, 4.4703, "Oegstgeest"],
  ["HM 22.01", 52.2025, 4.3965, "Katwijk"],
  ["HM 22.03", 52.2582, 4.5573, "Lisse"],
  ["HM 23.01", 52.1292, 4.6576, "Alphen aan den Rijn"],
  ["HM 24.02", 52.0115, 4.7104, "Gouda"],
];
const KM_PER_DEGREE = 111.2;
const DETOUR = 1.35; // a road is longer than the crow's flight
const KM_PER_MINUTE = 1; // with priority, through towns
const TURN_OUT_MIN = 1;
const BUSY = ["unit_assigned", "on_scene"];

const plain = (text) => text.trim().replace(/\s+/g, " ");

// A unit as the list has it, however it was typed; what is not on the list stays as it is.
export function nameOf(text) {
  const wanted = plain(text).toUpperCase();
  return UNITS.find(([name]) => name === wanted)?.[0] ?? plain(text);
}

export const isListed = (unit) => UNITS.some(([name]) => name === unit);

// Which units are on an alarm, or on another than this, as far as this console knows; and on which.
export function busyUnits(alarmId) {
  const busy = new Map();
  for (const row of state.rows.values()) {
    if (row.place !== "open" || !BUSY.includes(row.view.status)) continue;
    if (row.alarm_id === alarmId) continue;
    for (const unit of row.view.own_track.units ?? []) busy.set(nameOf(unit), row);
  }
  return busy;
}

// Every unit with its minutes to this household, the free ones first and the nearest before all.
export function unitsFor(row) {
  const { household: home, own_track: own } = row.view;
  const busy = busyUnits(row.alarm_id);
  const sent = new Set(own.units ?? []);
  return UNITS.filter(([name]) => !sent.has(name))
    .map(([name, latitude, longitude]) => ({
      name,
      free: !busy.has(name),
      minutes: home ? minutes(latitude - home.latitude, longitude - home.longitude, latitude) : null,
    }))
    .sort((a, b) => b.free - a.free || a.minutes - b.minutes);
}

function minutes(north, east, latitude) {
  const km = KM_PER_DEGREE * Math.hypot(north, east * Math.cos((latitude * Math.PI) / 180));
  return TURN_OUT_MIN + Math.ceil((km * DETOUR) / KM_PER_MINUTE);
}
