// The frame of the pages beside the queue: who is here, where else to go, and one draw per frame.

import { html, nothing, render } from "./vendor/lit.js";
import { clock } from "./format.js";
import { badge, languages } from "./parts.js";
import { signOut, whoami } from "./session.js";
import { say } from "./speak.js";
import { changed, enter, listen, nowMs, state } from "./store.js";
import * as words from "./words.js";
import * as nl from "./office-nl.js";

const catalogues = { nl };
const root = document.getElementById("app");

async function load(wanted) {
  if (wanted === "en") catalogues.en ??= await import("./office-en.js");
}
await load(words.language);

// The words of these pages, in the language of this workplace.
export const said = () => catalogues[words.language];

async function speak(code) {
  await load(code);
  await words.speakLanguage(code);
}

const paths = { console: "/", supervision: "/supervision", history: "/history" };
const may = (name) => name !== "supervision" || state.me?.role === "supervisor";

const menu = (here) => html`
  <nav class="pages" aria-label=${said().pages.menu}>
    ${Object.entries(paths)
      .filter(([name]) => may(name))
      .map(
        ([name, path]) => html`
          <a href=${path} aria-current=${name === here ? "page" : nothing}>${said().pages[name]}</a>
        `,
      )}
  </nav>
`;

const bar = (here) => html`
  <header class="bar">
    <span class="home">${words.consoles[state.console]?.name}</span>
    <span title=${words.labels.syntheticLong}>${badge(words.labels.synthetic, "synthetic")}</span>
    ${menu(here)} ${languages(speak)}
    <time class="clock">${clock(nowMs())}</time>
    <span data-operator>${state.me?.name}</span>
    <button type="button" data-leave="here" @click=${leave}>${words.door.leave}</button>
  </header>
`;

async function leave() {
  try {
    await signOut(false);
    location.assign("/");
  } catch {
    say("alert", words.door.notLeft);
  }
}

let drawing = false;

function schedule(name, view) {
  if (drawing) return;
  drawing = true;
  requestAnimationFrame(() => {
    drawing = false;
    document.title = `${said().pages[name]} · ${words.consoles[state.console]?.name}`;
    render(html`${bar(name)}<main class="office">${view()}</main>`, root);
  });
}

// A refusal's own words, where it has any.
export const inWords = (cause) =>
  words.language === "en" ? cause?.message_en : cause?.message;

// Fetches JSON; who is signed out meanwhile is led to the door. A refusal in words is the cause.
export async function fetched(path) {
  const response = await fetch(path, { signal: AbortSignal.timeout(10_000) });
  if (response.status === 401) location.assign("/");
  if (!response.ok) {
    const cause = await response.json().catch(() => null);
    throw new Error(`status ${response.status}`, { cause });
  }
  return response.json();
}

// Opens a page; returns once it is known who is here.
export async function open(name, view) {
  const me = await whoami();
  if (!me) return location.assign("/");
  enter(me);
  listen(() => schedule(name, view));
  setInterval(changed, 1_000);
  changed();
}

export const heading = (title, id, extra = nothing) => html`<h2 id=${id}>${title} ${extra}</h2>`;

// A table with a head; each row is a list of cells. The roles stay where a narrow screen shows it
// as blocks.
export const grid = (columns, rows, labelledby) => html`
  <table class="grid" role="table" aria-labelledby=${labelledby}>
    <thead role="rowgroup">
      <tr role="row">
        ${columns.map((text) => html`<th scope="col" role="columnheader">${text}</th>`)}
      </tr>
    </thead>
    <tbody role="rowgroup">
      ${rows.map(
        (cells) => html`<tr role="row">${cells.map((one) => html`<td role="cell">${one}</td>`)}</tr>`,
      )}
    </tbody>
  </table>
`;
