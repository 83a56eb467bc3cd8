// The form where an operator signs in. Nothing about any alarm is on the page while it shows.

import { html, nothing } from "./vendor/lit.js";
import { languages } from "./parts.js";
import { consoles, door } from "./words.js";
import { signIn } from "./session.js";
import { changed, state } from "./store.js";

const form = { busy: false, told: "" };

export const doorView = (onSignedIn) => html`
  <main class="door">
    <form class="panel" aria-labelledby="door-title" @submit=${(event) => submit(event, onSignedIn)}>
      <h1 id="door-title">${consoles[state.console]?.name ?? door.title}</h1>
      <p class="quiet">${state.signedOut ? door.ended : door.intro}</p>
      <label>
        <span>${door.name}</span>
        <input name="name" type="text" maxlength="80" autocomplete="username" required />
      </label>
      <label>
        <span>${door.password}</span>
        <input name="password" type="password" maxlength="128" autocomplete="current-password" required />
      </label>
      <p class="notice bad" role="alert" ?hidden=${!form.told}>${form.told || nothing}</p>
      <button type="submit" class="primary" ?disabled=${form.busy}>
        ${form.busy ? door.busy : door.enter}
      </button>
      <p class="quiet">${door.synthetic}</p>
      ${languages()}
    </form>
  </main>
`;

async function submit(event, onSignedIn) {
  event.preventDefault();
  const fields = event.target.elements;
  form.busy = true;
  form.told = "";
  changed();
  try {
    const refusal = await signIn(fields.name.value, fields.password.value);
    if (!refusal) {
      event.target.reset();
      await onSignedIn();
    } else form.told = sentence(refusal);
  } catch {
    form.told = door.unreachable;
  } finally {
    form.busy = false;
    changed();
  }
}

function sentence({ error, wait }) {
  if (error === "locked") return door.locked(wait);
  return error === "wrong" ? door.wrong : door.failed;
}
