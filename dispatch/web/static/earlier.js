// The earlier alarms of a household: how many there were is in the alarm's own number, and those
// that this console still holds are listed.

import { html, nothing } from "./vendor/lit.js";
import { time } from "./format.js";
import { nowMs, select, state } from "./store.js";
import { buttons, dispositions, labels, status } from "./words.js";

const numberOf = (alarmId) => Number(alarmId.slice(alarmId.lastIndexOf(".") + 1));

export function earlierAlarms({ view }) {
  const count = numberOf(view.alarm_id) - 1;
  if (!view.household || count < 1) return nothing;
  const known = [...state.rows.values()]
    .filter(({ view: other }) => other.device_id === view.device_id)
    .filter(({ alarm_id: other }) => numberOf(other) <= count)
    .sort((a, b) => numberOf(b.alarm_id) - numberOf(a.alarm_id));
  return html`
    <section data-earlier=${count}>
      <h3>${labels.earlier} <span class="count">${count}</span></h3>
      <ol class="log">
        ${known.map(line)}
      </ol>
      ${count > known.length
        ? html`<p class="quiet">${labels.earlierElsewhere(count - known.length)}</p>`
        : nothing}
    </section>
  `;
}

function line({ alarm_id: alarmId, view }) {
  const { own_track: own } = view;
  return html`
    <li>
      <time>${time(view.raised_at_ms, nowMs())}</time>
      <span>
        ${dispositions[own.disposition] ?? status[view.status]}
        <span class="text">${own.close_reason ?? ""}</span>
        <button
          type="button"
          aria-label="${buttons.open}, ${labels.alarm} ${alarmId}"
          @click=${() => select(alarmId)}
        >
          ${buttons.open}
        </button>
      </span>
    </li>
  `;
}
