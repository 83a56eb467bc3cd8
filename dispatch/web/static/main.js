// Starts the page: connects, draws at most once per frame, and speaks what is urgent.

import { html, live, nothing, render } from "./vendor/lit.js";
import { detail } from "./detail.js";
import { clock } from "./format.js";
import { connect } from "./link.js";
import { connection as words, consoles, labels, spoken } from "./nl.js";
import { badge, where } from "./parts.js";
import { queue } from "./queue.js";
import { say, unsay } from "./speak.js";
import { condition, listen, lost, nowMs, setOperator, state, tables, take } from "./store.js";

const root = document.getElementById("app");
let drawing = false;
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
      <label class="operator ${state.operatorMissing ? "missing" : ""}">
        <span>${labels.operator}</span>
        <input
          id="operator"
          type="text"
          maxlength="80"
          autocomplete="off"
          placeholder=${labels.operatorHint}
          .value=${live(state.operator)}
          @input=${(event) => setOperator(event.target.value)}
        />
      </label>
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
connect({ onMessage: (message) => announce(take(message)), onLost: lost });
schedule();
