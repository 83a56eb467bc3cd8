// Keeps the queue still under a hand or a keyboard's focus.
//
// While someone points at the queue or has the focus in it, no row moves: one that left stays as
// a plain line without a button, and new ones come at the end. 'N nieuwe' says how many would
// stand higher; that button, or leaving the queue, brings the right order back.

import { changed } from "./store.js";

const POINTER_RESTS_MS = 2_000; // a pointer that lies still holds nothing
const HELD_MAX = 2_000;

let order = null; // alarm id -> its row when it was last open, in the order they are held
let pointed = false;
let focused = false;
let timer = 0;

function judge(rows) {
  if (pointed || focused) {
    order ??= new Map(rows().slice(0, HELD_MAX).map((row) => [row.alarm_id, row]));
  } else if (order) {
    order = null;
    changed();
  }
}

// The events of the queue's table; `rows` gives what it shows now.
export const holding = (rows) => ({
  move: (event) => {
    if (event.pointerType === "touch") return;
    pointed = true;
    clearTimeout(timer);
    timer = setTimeout(() => {
      pointed = false;
      judge(rows);
    }, POINTER_RESTS_MS);
    judge(rows);
  },
  leave: () => {
    clearTimeout(timer);
    pointed = false;
    judge(rows);
  },
  focus: (event) => {
    focused = event.target.matches(":focus-visible");
    judge(rows);
  },
  blur: (event) => {
    focused = focused && event.currentTarget.contains(event.relatedTarget);
    judge(rows);
  },
});

export function release() {
  clearTimeout(timer);
  order = null;
  pointed = false;
  focused = false;
  changed();
}

// Arranges sorted rows: in the order to show, which of them left, and how many come late.
export function arranged(sorted) {
  if (!order) return { rows: sorted, left: new Set(), late: 0 };
  const now = new Map(sorted.map((row) => [row.alarm_id, row]));
  const left = new Set();
  const rows = [];
  for (const [alarmId, then] of order) {
    const row = now.get(alarmId);
    if (row) order.set(alarmId, row);
    else left.add(alarmId);
    rows.push(row ?? then);
    now.delete(alarmId);
  }
  rows.push(...now.values());
  return { rows, left, late: now.size };
}
