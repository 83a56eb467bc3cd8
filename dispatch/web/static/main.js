// Starts the page: connects, draws at most once per frame, and speaks what is urgent.

import { html, nothing, render } from "./vendor/lit.js";
import { settleKept } from "./actions.js";
import { bar } from "./bar.js";
import { detail } from "./detail.js";
import { doorView } from "./door.js";
import { forgetEarlier } from "./earlier.js";
import { help } from "./help.js";
import "./keys.js";
import { connect } from "./link.js";
import { map } from "./map.js";
import { lookLater, tellAgain } from "./painted.js";
import { where } from "./parts.js";
import { queue, toFirst } from "./queue.js";
import { say, unsay } from "./speak.js";
import { signOut, whoami, whose } from "./session.js";
import { tend } from "./sound.js";
import {
  condition,
  enter,
  keptCount,
  leave,
  listen,
  lost,
  nowMs,
  state,
  tables,
  take,
} from "./store.js";
import { connection as told, consoles, door, labels, language, spoken } from "./words.js";

const root = document.getElementById("app");
const ALIVE_EVERY_MS = 30_000; // how often the server hears that somebody is at the page
const AGAIN_MS = 1_000;
const OFFSET_SHOWN_MS = 2_000;
let drawing = false;
let link = null;
let spokenCondition = "";
let spokenLanguage = "";
let spokenSentence = "";

function schedule() {
  if (drawing) return;
  drawing = true;
  requestAnimationFrame(() => {
    drawing = false;
    draw();
  });
}

function draw() {
  if (!state.signedIn) {
    render(state.signedIn === null ? waiting() : doorView(begin), root);
    document.title = "Alarmconsole";
    return;
  }
  const now = condition();
  const { open } = tables();
  const home = document.activeElement?.closest("aside, .lists");
  render(frame(now, tend(open), open.length), root);
  if (home && document.activeElement === document.body) refocus(home.matches("aside"));
  lookLater((message) => link?.send(message));
  tellOpened();
  const name = consoles[state.console]?.name ?? "Alarmconsole";
  document.title = open.length ? `(${open.length}) ${name}` : name;
  if (now.name !== spokenCondition || language !== spokenLanguage) {
    unsay(spokenSentence);
    spokenCondition = now.name;
    spokenLanguage = language;
    spokenSentence = sentence(now);
    say(now.name === "lost" || now.name === "broker" ? "alert" : "status", spokenSentence);
  }
}

// A page that opens while the server is away says so: an empty screen is no sign of peace.
const waiting = () =>
  state.linked === false
    ? html`<main class="door">
        <div class="panel">
          <h1>${door.title}</h1>
          <p class="banner bad" role="alert">${door.waiting}</p>
        </div>
      </main>`
    : nothing;

// A form that was sent is gone, and a row that moved to another table is another one: the focus
// stays beside it, where the keys are.
function refocus(inDetail) {
  const row = `.lists tr[data-alarm="${CSS.escape(state.selected ?? "")}"]`;
  root.querySelector(inDetail ? "aside" : row)?.focus({ preventScroll: true });
}

// Who opened which alarm is on record; told again on a new connection, where it counts once.
let toldOpened = null;

function tellOpened() {
  if (state.selected === toldOpened || !state.linked) return;
  const alarmId = state.selected;
  if (alarmId === null || link?.send({ type: "opened", alarm_id: alarmId })) toldOpened = alarmId;
}

function sentence({ name, silentMs }) {
  const text = told[name];
  return typeof text === "function" ? text(Math.floor(silentMs / 1000)) : text;
}

const frame = (now, heard, unaccepted) => html`
  ${bar(now, heard, { onLeave: leaveServer, onFirst: toFirst, unaccepted })} ${banners(now)}
  <main>
    <div class="lists">${queue()}</div>
    ${map()}
    <aside class="panel detail" tabindex="-1" aria-label=${labels.details}>${detail()}</aside>
  </main>
  ${help()}
`;

// Above the alarms, never over them: what is known stays in sight whatever happens.
function banners(now) {
  const { connection } = state;
  const lines = [];
  if (now.name !== "connected") {
    const bad = !["delayed", "gatewayUnknown"].includes(now.name);
    lines.push([bad ? "bad" : "warn", sentence(now)]);
  }
  const seconds = Math.round(state.clockAheadMs / 1_000);
  if (Math.abs(state.clockAheadMs) > OFFSET_SHOWN_MS) {
    lines.push(["warn", seconds > 0 ? told.clockAhead(seconds) : told.clockBehind(-seconds)]);
  }
  if (keptCount()) lines.push(["warn", told.kept(keptCount())]);
  if (connection?.turned_away) lines.push(["bad", told.turnedAway(connection.turned_away)]);
  if (connection?.unverified) lines.push(["stale", told.unverified(connection.unverified)]);
  if (connection?.refused) lines.push(["warn", told.refused(connection.refused)]);
  return lines.length
    ? html`<section class="banners" aria-label=${labels.warnings}>
        ${lines.map(([tone, text]) => html`<p class="banner ${tone}">${text}</p>`)}
      </section>`
    : nothing;
}

function announce(fresh) {
  const [row] = fresh.filter(({ view }) => view.status === "open");
  if (!row) return;
  const place = where(row.view).head;
  if (row.view.test) say("status", spoken.test(place));
  else say(row.view.priority === 1 ? "alert" : "status", spoken.raised(row.view.priority, place));
}

listen(schedule);
setInterval(schedule, 1_000); // ages and the connection state move by themselves

// Asks who is signed in, until there is an answer; then shows the alarms, or the door.
async function begin() {
  try {
    const me = await whoami();
    if (!me) {
      state.console = await whose();
      return gone(state.signedOut);
    }
    enter(me);
    link ??= connect({ onMessage, onLost, admitted });
  } catch {
    lost();
    setTimeout(begin, AGAIN_MS);
  }
}

function onMessage(message) {
  announce(take(message));
  settleKept();
}

function onLost() {
  toldOpened = null;
  tellAgain();
  lost();
}

// Whether the connection broke because the session is over.
async function admitted(told) {
  try {
    if (told || !(await whoami())) gone(true);
  } catch {
    // The server is away, which the page says already.
  }
}

function gone(ended) {
  link?.stop();
  link = null;
  // What was spoken about an alarm is part of what was known.
  say("alert", "");
  say("status", "");
  forgetEarlier();
  leave({ ended });
}

async function leaveServer(everywhere) {
  try {
    const response = await signOut(everywhere);
    if (!response.ok && response.status !== 401) throw new Error("refused");
    gone(true);
  } catch {
    say("alert", door.notLeft);
  }
}

// What is kept lives in this page alone, so it does not leave without a question.
addEventListener("beforeunload", (event) => keptCount() && event.preventDefault());

let aliveAt = 0;
for (const name of ["pointermove", "keydown"]) {
  addEventListener(name, ({ timeStamp }) => {
    if (timeStamp - aliveAt < ALIVE_EVERY_MS) return;
    aliveAt = timeStamp;
    link?.send({ type: "active" });
  });
}
void begin();
