// Times and durations as an operator reads them. The clock is the server's, in Dutch time.

import { locale } from "./nl.js";

const zone = "Europe/Amsterdam";
const clockFormat = new Intl.DateTimeFormat(locale, {
  timeZone: zone,
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  timeZoneName: "short",
});
const dayFormat = new Intl.DateTimeFormat(locale, {
  timeZone: zone,
  weekday: "short",
  day: "numeric",
  month: "short",
});
const timeFormat = new Intl.DateTimeFormat(locale, {
  timeZone: zone,
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
});
const dateFormat = new Intl.DateTimeFormat(locale, {
  timeZone: "UTC",
  day: "numeric",
  month: "long",
  year: "numeric",
});

const DAY_MS = 86_400_000;

export const clock = (atMs) => `${dayFormat.format(atMs)} ${clockFormat.format(atMs)}`;

export const day = (atMs) => dayFormat.format(atMs);

export const time = (atMs, nowMs) =>
  Math.abs(nowMs - atMs) < DAY_MS / 2
    ? timeFormat.format(atMs)
    : `${dayFormat.format(atMs)} ${timeFormat.format(atMs)}`;

export function date(text) {
  const atMs = Date.parse(`${text}T00:00:00Z`);
  return Number.isNaN(atMs) ? text : dateFormat.format(atMs);
}

export function duration(lengthMs) {
  const seconds = Math.max(0, Math.floor(lengthMs / 1000));
  const two = (number) => String(number).padStart(2, "0");
  if (seconds < 3600) return `${Math.floor(seconds / 60)}:${two(seconds % 60)}`;
  const hours = Math.floor(seconds / 3600);
  if (hours < 48) return `${hours} u ${two(Math.floor((seconds % 3600) / 60))}`;
  return `${Math.floor(hours / 24)} d`;
}
