// Single keys, for who works without a mouse. They can be switched off, and never act while
// somebody types. A held key acts once.

import { act } from "./actions.js";
import { closeMenu } from "./bar.js";
import { toggleHelp } from "./help.js";
import { pref } from "./prefs.js";
import { show } from "./show.js";
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

// Waits for the frame that shows the chosen alarm: what is there before belongs to another one.
function whenDrawn(work) {
  const drawn = document.querySelector("aside [data-detail]")?.dataset.detail;
  if (drawn === state.selected) work();
  else requestAnimationFrame(() => requestAnimationFrame(work));
}

// Goes to a form of the detail, and unfolds it where it is folded.
function fill(kind) {
  const form = inDetail(`form[data-action=${kind}]`);
  if (!form) return;
  const folded = form.closest("details");
  if (folded) folded.open = true;
  form.querySelector("input, select, textarea, button")?.focus();
}

const regions = [
  ".bar summary",
  "section.open tr[data-alarm]",
  "section.progress tr[data-alarm]",
  ".map summary",
  "aside",
];
const HOMES = ".bar, section.open, section.progress, .map, aside";

function nextRegion(step) {
  const found = regions.map((one) => document.querySelector(one)).filter(Boolean);
  const homes = found.map((one) => one.closest(HOMES));
  const at = homes.findIndex((home) => home.contains(document.activeElement));
  found[(at + step + found.length) % found.length].focus({ focusVisible: true });
}

function back() {
  const row = document.querySelector(`.lists tr[data-alarm="${CSS.escape(state.selected ?? "")}"]`);
  (row ?? rows()[0])?.focus({ focusVisible: true });
}

const filter = (priority) => setFilter(state.filter === priority ? null : priority);

const form = (kind) => () => whenDrawn(() => fill(kind));

// What is done with the chosen alarm: in queue and detail only.
const doings = {
  a: accept,
  e: form("assign_unit"),
  p: () => whenDrawn(() => inDetail("form[data-action=arrive]")?.requestSubmit()),
  n: form("note"),
  x: form("close"),
  b: form("safety_assessment"),
  v: form("conditions"),
  w: form("refer"),
  o: form("hand_over"),
};

// What changes nothing of an alarm, from anywhere on the page.
const moves = {
  j: () => move(1),
  arrowdown: () => move(1),
  k: () => move(-1),
  arrowup: () => move(-1),
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

function isKey(key, target) {
  if (pref("keys", "on") !== "on" || typing(target)) return false;
  return Boolean(moves[key] || (doings[key] && target.closest(".lists, aside")));
}

// A form may go away under somebody who is typing, since a colleague closed the alarm. What is
// typed on without a pause is then still text, and no key of the page.
const PAUSE_MS = 1_000;
let typedAt = -Infinity;

function isStillText({ key, target, timeStamp: at }) {
  const letter = key.length === 1;
  const outside = target === document.body || target.matches("aside");
  const fellOut = letter && outside && at - typedAt < PAUSE_MS;
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
    if (!document.querySelector("dialog[open]") && !closeMenu()) back();
  } else if (key === "enter" && event.target.matches("tr[data-alarm]")) {
    event.preventDefault();
    show(event.target.dataset.alarm, { focus: true });
  } else if (isKey(key, event.target)) {
    const goesOn = key.startsWith("arrow") || key === "j" || key === "k";
    if (event.repeat && !goesOn) return;
    // Arrows still scroll where the reader is outside the queue.
    if (key.startsWith("arrow") && !event.target.closest(".lists, body:not(:focus-within)")) return;
    event.preventDefault();
    (moves[key] ?? doings[key])();
  }
});
