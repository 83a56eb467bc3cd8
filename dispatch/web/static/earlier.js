// The earlier alarms of a household: how many its button had is in the alarm's own number, and how
// those ended comes from this console's history.

import { html, nothing } from "./vendor/lit.js";
import { time } from "./format.js";
import { changed, nowMs, state } from "./store.js";
import { show } from "./show.js";
import { buttons, dispositions, labels } from "./words.js";

const AGAIN_MS = 5_000;

const known = { of: null, rows: null };

const numberOf = (alarmId) => Number(alarmId.slice(alarmId.lastIndexOf(".") + 1));

export function earlierAlarms({ alarm_id: alarmId, view }) {
  const count = numberOf(alarmId) - 1;
  if (!view.household || count < 1) return nothing;
  if (known.of !== alarmId) void look(alarmId);
  const rows = known.rows ?? [];
  return html`
    <section data-earlier=${count} aria-busy=${known.rows === null}>
      <h3>${labels.earlier} <span class="count">${count}</span></h3>
      <ol class="log">
        ${rows.map(line)}
      </ol>
      ${known.rows && count > rows.length
        ? html`<p class="quiet">${labels.earlierElsewhere(count - rows.length)}</p>`
        : nothing}
    </section>
  `;
}

async function look(alarmId) {
  known.of = alarmId;
  known.rows = null;
  try {
    const path = `/api/alarms/${encodeURIComponent(alarmId)}/earlier`;
    const response = await fetch(path, { signal: AbortSignal.timeout(5_000) });
    if (!response.ok) throw new Error(`status ${response.status}`);
    const { rows } = await response.json();
    if (known.of === alarmId) known.rows = rows;
    changed();
  } catch {
    setTimeout(() => {
      if (known.of === alarmId && known.rows === null) known.of = null;
      changed();
    }, AGAIN_MS);
  }
}

// Who left knows nothing any more.
export function forgetEarlier() {
  known.of = null;
  known.rows = null;
}

const line = (one) => html`
  <li>
    <time>${time(one.raised_at_ms, nowMs())}</time>
    <span>
      ${dispositions[one.disposition] ?? one.disposition}
      <span class="text">${one.close_reason ?? ""}</span>
      ${opener(one)}
    </span>
  </li>
`;

function opener({ alarm_id: alarmId, raised_at_ms: raised }) {
  const name = `${buttons.open}, ${labels.alarm} ${alarmId}`;
  if (state.rows.has(alarmId)) {
    return html`<button type="button" aria-label=${name} @click=${() => show(alarmId)}>
      ${buttons.open}
    </button>`;
  }
  const path = `/incident?${new URLSearchParams({ alarm: alarmId, raised })}`;
  return html`<a class="button" href=${path} target="_blank" aria-label=${name}>${buttons.open}</a>`;
}
