// Closed alarms by date, municipality, disposition and device, a page of them at a time. What is
// asked for stands in the address, so that going back brings it back.

import { html, nothing } from "./vendor/lit.js";
import { clock } from "./format.js";
import { fetched, grid, heading, inWords, open, said } from "./office.js";
import { badge } from "./parts.js";
import { say } from "./speak.js";
import { changed } from "./store.js";
import { dispositions, labels, language } from "./words.js";

const PAGE_ROWS = 50;
const FIELDS = ["from", "to", "municipality", "disposition", "device"];

const known = { found: null, towns: [], failed: null, busy: false };
const w = () => said().history;
const asked = () => new URLSearchParams(location.search);

async function look() {
  known.busy = true;
  changed();
  try {
    known.found = await fetched(`/api/history?${asked()}`);
    known.towns = known.found.municipalities;
    known.failed = null;
    say("status", w().found(known.found.total));
  } catch (error) {
    known.found = null; // what was found before answers another question
    known.failed = error.cause ?? {};
    say("alert", why());
  }
  known.busy = false;
  changed();
}

function why() {
  const line = inWords(known.failed);
  return line ? w().refused(line) : w().failed;
}

function go(values) {
  const wanted = new URLSearchParams(Object.entries(values).filter(([, value]) => value));
  history.pushState(null, "", `/history?${wanted}`);
  void look();
}

function submit(event) {
  event.preventDefault();
  go(Object.fromEntries(new FormData(event.currentTarget)));
}

function clear(event) {
  event.currentTarget.form.reset();
  go({});
}

const turn = (page) => go({ ...Object.fromEntries(asked()), page: String(page) });

const field = (name, input) => html`<label><span>${w()[name]}</span>${input}</label>`;

const choose = (name, choices) => {
  const now = asked().get(name) ?? "";
  return html`
    <select name=${name}>
      <option value="">${w().any}</option>
      ${choices.map(
        ([value, text]) => html`<option value=${value} ?selected=${value === now}>${text}</option>`,
      )}
    </select>
  `;
};

// Drawn anew only where the address changed: what somebody is filling in stays.
const form = () => {
  const at = asked();
  const towns = new Set([...known.towns, at.get("municipality")]);
  return html`
    <form class="panel search" role="search" aria-label=${w().search} @submit=${submit}>
      ${field("from", html`<input type="date" name="from" value=${at.get("from") ?? ""} />`)}
      ${field("to", html`<input type="date" name="to" value=${at.get("to") ?? ""} />`)}
      ${field("municipality", choose("municipality", [...towns].filter(Boolean).map((one) => [one, one])))}
      ${field("disposition", choose("disposition", Object.entries(dispositions)))}
      ${field(
        "device",
        html`<input name="device" maxlength="80" autocomplete="off" value=${at.get("device") ?? ""} />`,
      )}
      <div class="tools">
        <button type="submit" class="primary">${w().search}</button>
        <button type="button" @click=${clear}>${w().clear}</button>
      </div>
    </form>
  `;
};

const link = ({ alarm_id: alarmId, raised_at_ms: raised }) =>
  `/incident?${new URLSearchParams({ alarm: alarmId, raised })}`;

const table = () => {
  const query = new URLSearchParams({ ...Object.fromEntries(asked()), page: "1", language });
  return html`<p class="tools">
    <a class="button" href="/api/history.csv?${query}" download>${said().office.exportCsv}</a>
  </p>`;
};

const results = ({ total, rows, page, pages }) => html`
  <section class="panel" aria-labelledby="title-results" aria-busy=${known.busy}>
    ${heading(w().found(total), "title-results")} ${rows.length ? table() : nothing}
    ${rows.length
      ? html`${grid(
          [w().closedAt, w().alarm, w().municipality, w().disposition, w().by, w().raisedAt],
          rows.map((one) => [
            clock(one.closed_at_ms),
            html`<a href=${link(one)}>${one.alarm_id}</a>
              P${one.priority} ${one.test ? badge(labels.test, "test") : nothing}`,
            one.municipality ?? "–",
            dispositions[one.disposition] ?? "–",
            one.closed_by ?? "–",
            clock(one.raised_at_ms),
          ]),
          "title-results",
        )}`
      : html`<p class="quiet">${w().none}</p>`}
    ${pages > 1
      ? html`<nav class="tools" aria-label=${w().paging}>
          <button type="button" ?disabled=${page <= 1} @click=${() => turn(page - 1)}>${w().previous}</button>
          <span data-range>
            ${w().range((page - 1) * PAGE_ROWS + 1, (page - 1) * PAGE_ROWS + rows.length, total)}
          </span>
          <button type="button" ?disabled=${page >= pages} @click=${() => turn(page + 1)}>${w().next}</button>
        </nav>`
      : nothing}
  </section>
`;

const view = () => html`
  <h1>${said().pages.history}</h1>
  <p class="quiet">${w().intro}</p>
  ${known.failed ? html`<p class="banner bad" data-warning>${why()}</p>` : nothing} ${form()}
  ${known.found ? results(known.found) : nothing}
  ${known.found || known.failed ? nothing : html`<p class="quiet">${said().office.waiting}</p>`}
`;

addEventListener("popstate", look);
await open("history", view);
void look();
