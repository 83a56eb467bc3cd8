// Actions that could not be sent: kept here until they are sent again or thrown away, and never
// shown as done. Nothing is sent again by itself: hours later it may no longer be what is meant.

import { html, nothing } from "./vendor/lit.js";
import { act } from "./actions.js";
import { deliberate } from "./deliberate.js";
import { state, unkeep } from "./store.js";
import { buttons, labels } from "./words.js";

export function keptActions(row) {
  const mine = [...state.kept.values()].filter((one) => one.alarmId === row.alarm_id);
  if (!mine.length) return nothing;
  const busy = state.pending.has(row.alarm_id);
  const press = (work) => (event) => deliberate(event) && work();
  return html`
    <section class="kept" aria-label=${labels.kept}>
      <h3>${labels.kept} <span class="count">${mine.length}</span></h3>
      ${mine.map(
        ({ kind, fields, sure }) => html`
          <p data-kept=${kind}>
            <strong>${buttons[kind]}</strong>
            ${sure ? nothing : labels.keptUnsure}
            <span class="text">${Object.values(fields).join(" · ")}</span>
            <button type="button" class="primary" ?disabled=${busy} @click=${press(() => act(row, kind, fields))}>
              ${buttons.retry}
            </button>
            <button type="button" ?disabled=${busy} @click=${press(() => unkeep(row.alarm_id, kind, fields))}>
              ${buttons.discard}
            </button>
          </p>
        `,
      )}
    </section>
  `;
}
