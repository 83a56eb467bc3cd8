// What this page knows. Everything else draws it or changes it through these functions.

const DELAYED_AFTER_MS = 3_000;
const LOST_AFTER_MS = 6_000;
const CLOCKS_KEPT = 5;
const NOTICES_MAX = 50;
const DRAFTS_MAX = 200;

export const state = {
  console: null,
  kinds: [],
  guidance: null, // {nl, en, example}: this agency's card, out of the policy file
  rows: new Map(), // alarm id -> row; open and recently closed
  connection: null,
  clockAheadMs: 0, // how far the server's clock is ahead of this machine's
  heardAt: performance.now(), // when the server last said anything
  clocks: [],
  filter: null, // the one priority that the queue shows
  linked: null, // whether the WebSocket stands; null before the first time
  selected: null,
  pending: new Map(), // alarm id -> kind that waits for its answer
  notices: new Map(), // alarm id -> {tone, text()}
  kept: new Map(), // a name for each -> {alarmId, kind, fields, key, sure, actionId}
  drafts: new Map(), // "alarm id/kind.field" -> text
  signedIn: null, // null until the server was asked
  signedOut: false, // whether a session ended on this page
  me: null, // {name, role}
};

const listeners = new Set();

export const listen = (listener) => listeners.add(listener);

export function changed() {
  for (const listener of listeners) listener();
}

export const nowMs = () => Date.now() + state.clockAheadMs;

let keptOf = null;

// Nobody is signed in (any more): what was known leaves the page.
export function leave({ ended }) {
  state.signedIn = false;
  state.signedOut = ended;
  state.me = null;
  state.linked = null;
  state.rows = new Map();
  sorted = null;
  state.connection = null;
  state.selected = null;
  state.kinds = [];
  state.notices.clear();
  changed();
}

// What could not be sent waits for the same person to sign in again; nobody else gets it.
export function enter(me) {
  if (keptOf !== me.name) state.kept.clear();
  keptOf = me.name;
  state.signedIn = true;
  state.signedOut = false;
  state.me = me;
  state.console = me.console;
  state.heardAt = performance.now();
  changed();
}

// Takes one message of the server; returns the alarms that are new on this page.
export function take(message) {
  state.heardAt = performance.now();
  state.linked = true;
  if (message.alarms) sorted = null;
  const fresh = [];
  if (message.type === "snapshot") {
    const known = state.rows;
    state.rows = new Map();
    state.console = message.console;
    state.kinds = message.kinds;
    state.guidance = message.guidance;
    for (const row of [...message.alarms, ...message.closed]) {
      state.rows.set(row.alarm_id, row);
      if (!known.has(row.alarm_id) && row.place === "open") fresh.push(row);
    }
  } else if (message.type === "changes") {
    for (const row of message.alarms) {
      if (!state.rows.has(row.alarm_id) && row.place === "open") fresh.push(row);
      renew(state.rows.get(row.alarm_id), row);
      state.rows.set(row.alarm_id, row);
    }
    for (const alarmId of message.gone) forget(alarmId);
  }
  if (message.connection) {
    state.connection = message.connection;
    noteClock(message.server_time_ms - Date.now());
  }
  changed();
  return fresh;
}

// A press is a new emergency: what was said of an action before it says nothing of that.
function renew(known, { alarm_id: alarmId, view }) {
  if (known && view.press_count > known.view.press_count) state.notices.delete(alarmId);
}

// A message that was held up makes the server look behind, so the largest of the last few counts.
function noteClock(aheadMs) {
  state.clocks = [...state.clocks, aheadMs].slice(-CLOCKS_KEPT);
  state.clockAheadMs = Math.max(...state.clocks);
}

// Shows one priority of the queue only; null shows all.
export function setFilter(priority) {
  state.filter = priority;
  changed();
}

// The WebSocket broke: nothing on the screen is sure to be of this moment any more.
export function lost() {
  state.linked = false;
  changed();
}

// The state that came back with an answer; the live channel may have brought a newer one.
export function takeRow(row) {
  const known = state.rows.get(row.alarm_id);
  if (known && known.view.version > row.view.version) return;
  state.rows.set(row.alarm_id, row);
  sorted = null;
}

function forget(alarmId) {
  state.rows.delete(alarmId);
  state.notices.delete(alarmId);
  for (const [key, one] of state.kept) if (one.alarmId === alarmId) state.kept.delete(key);
  if (state.selected === alarmId) state.selected = null;
}

export function select(alarmId) {
  state.selected = alarmId;
  changed();
}

export function notice(alarmId, tone, text) {
  state.notices.delete(alarmId);
  state.notices.set(alarmId, { tone, text });
  if (state.notices.size > NOTICES_MAX) state.notices.delete(state.notices.keys().next().value);
  changed();
}

// Keeps an action that could not be sent; `sure` where it certainly was not. With the same key
// again it is the same action, however often it comes through.
export function keep(alarmId, kind, fields, { key, sure, actionId }) {
  state.kept.set(keptKey(alarmId, kind, fields), { alarmId, kind, fields, key, sure, actionId });
}

export const keptAs = (alarmId, kind, fields) => state.kept.get(keptKey(alarmId, kind, fields));

export function unkeep(alarmId, kind, fields) {
  state.kept.delete(keptKey(alarmId, kind, fields));
  changed();
}

// Two notes are two actions: what was written is part of the name.
const keptKey = (alarmId, kind, fields) => `${alarmId}/${kind}/${JSON.stringify(fields)}`;

// Of an alarm that is no longer here nothing can be sent again.
export const keptCount = () =>
  [...state.kept.values()].filter(({ alarmId }) => state.rows.has(alarmId)).length;

export const draft = (alarmId, field) => state.drafts.get(`${alarmId}/${field}`) ?? "";

export function setDraft(alarmId, field, text) {
  state.drafts.delete(`${alarmId}/${field}`);
  if (text) state.drafts.set(`${alarmId}/${field}`, text);
  if (state.drafts.size > DRAFTS_MAX) state.drafts.delete(state.drafts.keys().next().value);
  changed();
}

export function hasDraft(alarmId, kind) {
  return [...state.drafts.keys()].some((key) => key.startsWith(`${alarmId}/${kind}.`));
}

export function clearDrafts(alarmId, kind) {
  for (const key of [...state.drafts.keys()]) {
    if (key.startsWith(`${alarmId}/${kind}.`)) state.drafts.delete(key);
  }
}

// Within one table all are open or none is.
function moreUrgent({ alarm_id: a, view: left }, { alarm_id: b, view: right }) {
  return (
    left.priority - right.priority || left.raised_at_ms - right.raised_at_ms || (a < b ? -1 : 1)
  );
}

let sorted = null; // the tables, until some row changes: they are drawn every second anyhow

// The three tables, each in its order.
export function tables() {
  sorted ??= sortedRows();
  return sorted;
}

function sortedRows() {
  const open = [];
  const inProgress = [];
  const closed = [];
  for (const row of state.rows.values()) {
    if (row.place === "closed") closed.push(row);
    else if (row.view.status === "open") open.push(row);
    else inProgress.push(row);
  }
  open.sort(moreUrgent);
  inProgress.sort(moreUrgent);
  closed.sort((a, b) => b.view.journaled_at_ms - a.view.journaled_at_ms);
  return { open, inProgress, closed };
}

// The worst thing that is wrong with the line from the gateway to this page.
export function condition() {
  const silentMs = performance.now() - state.heardAt;
  if (state.linked === false || silentMs > LOST_AFTER_MS) return { name: "lost", silentMs };
  if (silentMs > DELAYED_AFTER_MS) return { name: "delayed", silentMs };
  const { connection } = state;
  if (!connection) return { name: "gatewayUnknown", silentMs };
  if (connection.broker !== "connected") return { name: "broker", silentMs };
  if (connection.gateway === "down") return { name: "gatewayDown", silentMs };
  if (connection.gateway === "silent") return { name: "gatewaySilent", silentMs };
  if (connection.gateway === "unknown") return { name: "gatewayUnknown", silentMs };
  return { name: "connected", silentMs };
}
