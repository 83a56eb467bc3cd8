// The list of shortcuts, as a dialog that the keyboard can leave again.

import { html } from "./vendor/lit.js";
import { keys, prefs } from "./words.js";

const dialog = () => document.getElementById("help");

export function toggleHelp() {
  if (dialog().open) dialog().close();
  else dialog().showModal();
}

export const help = () => html`
  <dialog id="help" aria-labelledby="help-title">
    <h2 id="help-title">${prefs.help}</h2>
    <ul>
      ${Object.values(keys).map((text) => html`<li>${text}</li>`)}
    </ul>
    <button type="button" class="primary" @click=${toggleHelp}>${prefs.close}</button>
  </dialog>
`;
