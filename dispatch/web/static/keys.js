// Single keys, for who works without a mouse. They can be switched off, and never act while
// somebody types. A held key acts once.

import { act } from "./actions.js";
import { toggleHelp } from "./help.js";
import { pref } from "./prefs.js";
import * as sounds from "./sound.js";
import { changed, select, setFilter, state } from "./store.js";

const rows = () => [...document.querySelectorAll(".lists tr[data-alarm]")];
const inDetail = (selector) => document.querySelector(`aside ${selector}`);

function move(step) {
  const all = rows();
  if (!all.length) return;
  const at = all.findIndex((row) => row.dataset.alarm === state.selected);
  const next = all[Math.min(Math.max(at + step, 0), all.length - 1)];
  select(next.dataset.alarm);
  next.focus({ focusVisible: true });
  next.scrollIntoView({ block: "nearest" });
}

function accept() {
  const row = state.rows.get(state.selected);
  if (row?.view.status === "open" && state.kinds.includes("accept")) void act(row, "accept");
}

// Goes to a form of the detail, and unfolds it where it is folded.
function fill(kind) {
  const form = inDetail(`form[data-action=${kind}]`);
  if (!form) return;
  const folded = form.closest("details");
  if (folded) folded.open = true;
  form.querySelector("input, select, textarea, button")?.focus();
}

const regions = [".bar summary", ".lists tr[data-alarm]", ".map summary", "aside"];

function nextRegion(step) {
  const found = regions.map((one) => document.querySelector(one)).filter(Boolean);
  const homes = found.map((one) => one.closest(".bar, .lists, .map, aside"));
  const at = homes.findIndex((home) => home.contains(document.activeElement));
  found[(at + step + found.length) % found.length].focus({ focusVisible: true });
}

function back() {
  const row = document.querySelector(`.lists tr[data-alarm="${CSS.escape(state.selected ?? "")}"]`);
  (row ?? rows()[0])?.focus({ focusVisible: true });
}

const filter = (priority) => setFilter(state.filter === priority ? null : priority);

const actions = {
  j: () => move(1),
  arrowdown: () => move(1),
  k: () => move(-1),
  arrowup: () => move(-1),
  a: accept,
  e: () => fill("assign_unit"),
  p: () => inDetail("form[data-action=arrive]")?.requestSubmit(),
  n: () => fill("note"),
  x: () => fill("close"),
  b: () => fill("safety_assessment"),
  v: () => fill("conditions"),
  w: () => fill("refer"),
  o: () => fill("hand_over"),
  m: () => {
    sounds.silence();
    changed();
  },
  1: () => filter(1),
  2: () => filter(2),
  3: () => filter(3),
  4: () => filter(4),
  "?": toggleHelp,
};

const typing = (element) => element.closest("input, select, textarea, dialog, .menu") !== null;

// A form may go away under somebody who is typing, since a colleague closed the alarm. What is
// typed on without a pause is then still text, and no key of the page.
const PAUSE_MS = 1_000;
let typedAt = -Infinity;

function isStillText({ key, target, timeStamp: at }) {
  const letter = key.length === 1;
  const fellOut = letter && target === document.body && at - typedAt < PAUSE_MS;
  typedAt = letter && (fellOut || typing(target)) ? at : -Infinity;
  return fellOut;
}

addEventListener("keydown", (event) => {
  if (!state.signedIn || event.defaultPrevented) return;
  if (event.ctrlKey || event.altKey || event.metaKey) return;
  if (isStillText(event)) return;
  const key = event.key.toLowerCase();
  if (key === "f6") {
    event.preventDefault();
    nextRegion(event.shiftKey ? -1 : 1);
  } else if (key === "escape") {
    if (!document.querySelector("dialog[open]")) back();
  } else if (key === "enter" && event.target.matches("tr[data-alarm]")) {
    event.preventDefault();
    select(event.target.dataset.alarm);
    document.querySelector("aside").focus({ focusVisible: true });
  } else if (actions[key] && pref("keys", "on") === "on" && !typing(event.target)) {
    const moves = key.startsWith("arrow") || key === "j" || key === "k";
    if (event.repeat && !moves) return;
    // Arrows still scroll where the reader is outside the queue.
    if (key.startsWith("arrow") && !event.target.closest(".lists, body:not(:focus-within)")) return;
    event.preventDefault();
    actions[key]();
  }
});
