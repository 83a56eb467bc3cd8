// Times and durations as an operator reads them. The clock is the server's, in Dutch time, and
// the zone always stands beside a time: twice a year an hour comes twice.

import { language, locale } from "./words.js";

const zone = "Europe/Amsterdam";
const seconds = { hour: "2-digit", minute: "2-digit", second: "2-digit" };
const shapes = {
  day: { timeZone: zone, weekday: "short", day: "numeric", month: "short" },
  time: { timeZone: zone, timeZoneName: "short", ...seconds },
  date: { timeZone: "UTC", day: "numeric", month: "long", year: "numeric" },
};
const made = new Map();

function format(shape, at) {
  const key = `${language} ${shape}`;
  if (!made.has(key)) made.set(key, new Intl.DateTimeFormat(locale, shapes[shape]));
  return made.get(key).format(at);
}

const DAY_MS = 86_400_000;

export const clock = (atMs) => `${format("day", atMs)} ${format("time", atMs)}`;

export const day = (atMs) => format("day", atMs);

export const time = (atMs, nowMs) =>
  Math.abs(nowMs - atMs) < DAY_MS / 2 ? format("time", atMs) : clock(atMs);

export function date(text) {
  const atMs = Date.parse(`${text}T00:00:00Z`);
  return Number.isNaN(atMs) ? text : format("date", atMs);
}

export function duration(lengthMs) {
  const seconds = Math.max(0, Math.floor(lengthMs / 1000));
  const two = (number) => String(number).padStart(2, "0");
  if (seconds < 3600) return `${Math.floor(seconds / 60)}:${two(seconds % 60)}`;
  const hours = Math.floor(seconds / 3600);
  if (hours < 48) return `${hours} ${language === "en" ? "h" : "u"} ${two(Math.floor((seconds % 3600) / 60))}`;
  return `${Math.floor(hours / 24)} d`;
}
