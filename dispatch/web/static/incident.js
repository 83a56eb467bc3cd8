// One alarm whole, on paper too: what this agency knew of it, and nothing to press.

import { html, nothing } from "./vendor/lit.js";
import { facts } from "./detail.js";
import { clock } from "./format.js";
import { fetched, inWords, open, said } from "./office.js";
import { badges, gestureBadges, otherStatus, priority, where } from "./parts.js";
import { changed, nowMs, state } from "./store.js";
import { consoles, status } from "./words.js";

const known = { incident: null, failed: null };
const w = () => said().incident;

const address = () => {
  const asked = new URLSearchParams(location.search);
  const alarmId = encodeURIComponent(asked.get("alarm") ?? "-");
  const raised = encodeURIComponent(asked.get("raised") ?? "");
  return `/api/incidents/${alarmId}?raised_at_ms=${raised}`;
};

async function look() {
  try {
    known.incident = await fetched(address());
  } catch (error) {
    known.failed = error.cause ?? {};
  }
  changed();
}

// Not there, or not to be shown now: the second is worth its own words.
const why = () => (known.failed.error === "look_not_written" && inWords(known.failed)) || w().missing;

const whole = ({ view, closed }) => {
  const { head, line } = where(view);
  const { name, organisation } = consoles[state.console] ?? {};
  const closedAt = view.own_track.closed_at_ms;
  return html`
    <article class="panel incident" data-detail=${view.alarm_id}>
      <header class="detail-head p${view.priority}">
        <p class="quiet">${name} · ${organisation}</p>
        <h1>${said().pages.incident} ${view.alarm_id}</h1>
        <h2>${head}</h2>
        <p>${line}</p>
        <div>${priority(view)} ${badges({ view, verified: true, withdrawn: false })}</div>
        ${gestureBadges(view)}
        <p><strong>${status[view.status]}</strong> · ${otherStatus(view)}</p>
        <p>
          ${w().raised} ${clock(view.raised_at_ms)}${closedAt ? ` · ${w().closed} ${clock(closedAt)}` : nothing}
        </p>
        ${closed ? nothing : html`<p class="notice bad">${w().open}</p>`}
      </header>
      ${facts(view)}
      <footer class="quiet">
        <p>${w().private}</p>
        <p data-printed>${w().printed(clock(nowMs()), state.me?.name)}</p>
      </footer>
    </article>
  `;
};

const page = () => html`
  <p class="tools">
    <a class="button" href="/history">${w().back}</a>
    ${known.incident
      ? html`<button type="button" class="primary" @click=${() => print()}>${w().print}</button>
          <a class="button" href=${address()} download="${known.incident.view.alarm_id}-${state.console}.json">
            ${w().json}
          </a>
          <details class="quiet">
            <summary>${w().evidenceTitle}</summary>
            ${w().evidence}
            <code>alarm-gateway export ${known.incident.view.alarm_id} --console ${state.console}</code>
          </details>`
      : nothing}
  </p>
  ${known.incident
    ? whole(known.incident)
    : html`<h1>${said().pages.incident}</h1>
        <p class="quiet">${known.failed ? why() : said().office.waiting}</p>`}
`;

await open("incident", page);
void look();
