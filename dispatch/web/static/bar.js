// The status bar: who is here, how the connection and the sound are, and this workplace's choices.

import { html, nothing } from "./vendor/lit.js";
import { toggleHelp } from "./help.js";
import { clock } from "./format.js";
import { badge, languages } from "./parts.js";
import { pref, setPref } from "./prefs.js";
import * as sounds from "./sound.js";
import { changed, nowMs, state } from "./store.js";
import * as words from "./words.js";

export const bar = (now, heard, { onLeave, onFirst, unaccepted }) => {
  const { name, organisation } = words.consoles[state.console] ?? { name: "", organisation: "" };
  return html`
    <header class="bar">
      <h1>${name} <span class="organisation">${organisation}</span></h1>
      <span title=${words.labels.syntheticLong}>${badge(words.labels.synthetic, "synthetic")}</span>
      <span class="connection ${now.name}" data-connection=${now.name}>
        <span class="dot" aria-hidden="true"></span>${words.connection.badges[now.name]}
      </span>
      ${soundOf(heard)}
      <button
        type="button"
        class="waiting ${unaccepted ? "some" : ""}"
        title=${words.waiting.show}
        data-unaccepted=${unaccepted}
        @click=${onFirst}
      >
        ${words.waiting.count(unaccepted)}
      </button>
      <time class="clock">${clock(nowMs())}</time>
      <details class="operator">
        <summary>
          <span class="only-spoken">${words.labels.operator}</span>
          <strong data-operator>${state.me?.name}</strong>
          ${words.roles[state.me?.role]
            ? html`<span class="role">(${words.roles[state.me.role]})</span>`
            : nothing}
        </summary>
        <div class="menu">${menu(heard, onLeave)}</div>
      </details>
    </header>
  `;
};

// The menu closes when somebody goes on elsewhere.
const menuOf = () => document.querySelector("details.operator[open]");

addEventListener("pointerdown", ({ target }) => {
  const open = menuOf();
  if (open && !open.contains(target)) open.open = false;
});

export function closeMenu() {
  const open = menuOf();
  if (!open) return false;
  open.open = false;
  open.querySelector("summary").focus();
  return true;
}

const then = (action) => async () => {
  await action();
  changed();
};

function soundOf({ name, tone, seconds }) {
  const said = name === "silenced" ? words.sound.silenced(seconds) : words.sound[name];
  const button = { off: ["start", sounds.start], blocked: ["start", sounds.start] }[name] ?? [
    "silence",
    sounds.silence,
  ];
  return html`
    <span class="sound ${name}" data-sound=${name} data-tone=${tone}>
      <span title=${name === "off" ? words.sound.offLong : nothing}>${said}</span>
      <button type="button" data-press=${button[0]} @click=${then(button[1])}>
        ${words.sound[button[0]]}
      </button>
    </span>
  `;
}

const choice = (name, text) => html`
  <label class="choice">
    <input
      type="checkbox"
      data-pref=${name}
      .checked=${pref(name, "on") === "on"}
      @change=${then(() => choose(name, pref(name, "on") !== "on"))}
    />
    ${text}
  </label>
`;

function choose(name, on) {
  setPref(name, on ? "on" : "off");
  if (name === "flash") document.body.classList.toggle("still", !on);
}
choose("flash", pref("flash", "on") === "on");

const menu = (heard, onLeave) => html`
  <fieldset>
    <legend>${words.prefs.menu}</legend>
    ${languages()} ${choice("flash", words.prefs.flash)} ${choice("keys", words.prefs.keys)}
    <button type="button" data-press="help" @click=${toggleHelp}>${words.prefs.help}</button>
    ${heard.name === "off"
      ? nothing
      : html`<button type="button" data-press="stop" @click=${then(sounds.stop)}>
          ${words.sound.stop}
        </button>`}
  </fieldset>
  <a href="/history">${words.prefs.pages.history}</a>
  ${state.me?.role === "supervisor"
    ? html`<a href="/supervision">${words.prefs.pages.supervision}</a>`
    : nothing}
  <button type="button" data-leave="here" @click=${() => onLeave(false)}>${words.door.leave}</button>
  <button type="button" data-leave="everywhere" @click=${() => onLeave(true)}>
    ${words.door.leaveAll}
  </button>
`;
