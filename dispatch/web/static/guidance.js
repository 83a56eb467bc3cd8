// The guidance card of an alarm, and the ten signs of stalking as a list to tick.

import { html, nothing } from "./vendor/lit.js";
import { act } from "./actions.js";
import { deliberate } from "./deliberate.js";
import { gesturesOf } from "./parts.js";
import { state } from "./store.js";
import { buttons, guidance, language, pending, signals } from "./words.js";

export function guidanceCard(row) {
  const { view } = row;
  if (!view.press_count || view.status === "closed") return nothing;
  const card = state.guidance?.[language];
  if (!card) return nothing;
  const found = gesturesOf(view);
  const special = ["duress", "cancel", "test"].filter((name) => found.has(name));
  return html`
    <details class="guidance" open>
      <summary>${guidance.title}</summary>
      ${special.map((name) => html`<p><strong>${guidance[name]}</strong></p>`)}
      ${part(guidance.doTitle, card.todo)} ${part(guidance.neverTitle, card.never)}
      ${part(guidance.callTitle, card.call)}
      ${state.guidance.example ? html`<p class="quiet">${guidance.example}</p>` : nothing}
    </details>
  `;
}

const part = (title, lines) => html`
  <h3>${title}</h3>
  <ul>
    ${lines.map((text) => html`<li>${text}</li>`)}
  </ul>
`;

// What was ticked goes into the log as a note, in this workplace's words.
export function signsList(row) {
  const { view } = row;
  if (!state.kinds.includes("note") || view.status === "closed" || view.test) return nothing;
  if (!view.press_count) return nothing;
  const known = new Set(view.household?.signals ?? []);
  const busy = state.pending.get(row.alarm_id) !== undefined;
  const submit = (event) => {
    event.preventDefault();
    const ticked = new FormData(event.target).getAll("sign");
    if (!ticked.length) return;
    const text = `${guidance.signsNote}: ${ticked.map((code) => signals[code]).join("; ")}`;
    void act(row, "note", { text });
  };
  return html`
    <details class="signs">
      <summary>${guidance.signsTitle}</summary>
      <form data-action="signs" @submit=${submit}>
        <fieldset>
          <legend>${guidance.signsAsk}</legend>
          ${Object.entries(signals).map(
            ([code, text]) => html`
              <label class="choice">
                <input type="checkbox" name="sign" value=${code} ?checked=${known.has(code)} />
                ${text}
              </label>
            `,
          )}
        </fieldset>
        <button
          type="submit"
          ?disabled=${busy}
          @click=${(event) => deliberate(event) || event.preventDefault()}
        >
          ${busy ? pending : buttons.note}
        </button>
      </form>
    </details>
  `;
}
