// Starts the page: connects, draws at most once per frame, and speaks what is urgent.

import { html, nothing, render } from "./vendor/lit.js";
import { detail } from "./detail.js";
import { doorView } from "./door.js";
import { clock } from "./format.js";
import { connect } from "./link.js";
import { connection as words, consoles, door, labels, roles, spoken } from "./nl.js";
import { badge, where } from "./parts.js";
import { queue } from "./queue.js";
import { say, unsay } from "./speak.js";
import { signOut, whoami, whose } from "./session.js";
import {
  condition,
  enter,
  leave,
  listen,
  lost,
  nowMs,
  state,
  tables,
  take,
} from "./store.js";

const root = document.getElementById("app");
const ALIVE_EVERY_MS = 30_000; // how often the server hears that somebody is at the page
const AGAIN_MS = 1_000;
let drawing = false;
let link = null;
let spokenCondition = "";
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
    render(state.signedIn === null ? nothing : doorView(begin), root);
    document.title = "Alarmconsole";
    return;
  }
  const now = condition();
  const { open } = tables();
  render(frame(now), root);
  const name = consoles[state.console]?.name ?? "Alarmconsole";
  document.title = open.length ? `(${open.length}) ${name}` : name;
  if (now.name !== spokenCondition) {
    unsay(spokenSentence);
    spokenCondition = now.name;
    spokenSentence = sentence(now);
    say(now.name === "lost" || now.name === "broker" ? "alert" : "status", spokenSentence);
  }
}

function sentence({ name, silentMs }) {
  const text = words[name];
  return typeof text === "function" ? text(Math.floor(silentMs / 1000)) : text;
}

const frame = (now) => {
  const { name, organisation } = consoles[state.console] ?? { name: "Alarmconsole", organisation: "" };
  return html`
    <header class="bar">
      <h1>${name} <span class="organisation">${organisation}</span></h1>
      <span title=${labels.syntheticLong}>${badge(labels.synthetic, "synthetic")}</span>
      <span class="connection ${now.name}" data-connection=${now.name}>
        <span class="dot" aria-hidden="true"></span>${words.badges[now.name]}
      </span>
      <time class="clock">${clock(nowMs())}</time>
      <details class="operator">
        <summary>
          <span class="only-spoken">${labels.operator}</span>
          <strong data-operator>${state.me?.name}</strong>
          ${roles[state.me?.role] ? html`(${roles[state.me.role]})` : nothing}
        </summary>
        <div class="menu">
          <button type="button" data-leave="here" @click=${() => leaveServer(false)}>
            ${door.leave}
          </button>
          <button type="button" data-leave="everywhere" @click=${() => leaveServer(true)}>
            ${door.leaveAll}
          </button>
        </div>
      </details>
    </header>
    ${banners(now)}
    <main>
      <div class="lists">${queue()}</div>
      <aside class="panel detail">${detail()}</aside>
    </main>
  `;
};

// Above the alarms, never over them: what is known stays in sight whatever happens.
function banners(now) {
  const { connection } = state;
  const lines = [];
  if (now.name !== "connected") {
    const bad = !["delayed", "gatewayUnknown"].includes(now.name);
    lines.push([bad ? "bad" : "warn", sentence(now)]);
  }
  if (connection?.turned_away) lines.push(["bad", words.turnedAway(connection.turned_away)]);
  if (connection?.unverified) lines.push(["stale", words.unverified(connection.unverified)]);
  if (connection?.refused) lines.push(["warn", words.refused(connection.refused)]);
  return lines.length
    ? html`<div class="banners">
        ${lines.map(([tone, text]) => html`<p class="banner ${tone}">${text}</p>`)}
      </div>`
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
    link ??= connect({ onMessage: (message) => announce(take(message)), onLost: lost, admitted });
  } catch {
    setTimeout(begin, AGAIN_MS);
  }
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

let aliveAt = 0;
for (const name of ["pointermove", "keydown"]) {
  addEventListener(name, ({ timeStamp }) => {
    if (timeStamp - aliveAt < ALIVE_EVERY_MS) return;
    aliveAt = timeStamp;
    link?.alive();
  });
}
void begin();
