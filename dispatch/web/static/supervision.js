// The supervisor's page: what went wrong, who is there, and how fast alarms are answered.

import { html, nothing } from "./vendor/lit.js";
import { duration, time } from "./format.js";
import { fetched, grid, heading, open, said } from "./office.js";
import { badge } from "./parts.js";
import { say } from "./speak.js";
import { changed, nowMs, state } from "./store.js";
import { labels, language, reasons, status } from "./words.js";

const EVERY_MS = 2_000;

const known = { report: null, stale: false, escalated: new Set() };
const at = (ms) => time(ms, nowMs());
const w = () => said().supervision;

async function refresh() {
  try {
    const report = await fetched("/api/supervision");
    state.clockAheadMs = report.server_time_ms - Date.now();
    known.report = report;
    known.stale = false;
    announce(report);
  } catch {
    known.stale = true;
  }
  changed();
  setTimeout(refresh, EVERY_MS);
}

// A screen reader hears of a new escalation once, and of nothing that only counts up.
function announce({ escalations }) {
  const now = new Set(escalations.map((one) => `${one.alarm_id} ${one.level}`));
  const fresh = escalations.find((one) => !known.escalated.has(`${one.alarm_id} ${one.level}`));
  known.escalated = now;
  if (fresh) say("status", `${w().level(fresh.level)}: ${fresh.municipality ?? fresh.alarm_id}`);
}

const panel = (name, title, content, extra) => html`
  <section class="panel ${name}" aria-labelledby="title-${name}">
    ${heading(title, `title-${name}`, extra)} ${content}
  </section>
`;

const quiet = (text) => html`<p class="quiet">${text}</p>`;
const count = (number) => html`<span class="count ${number ? "some" : ""}">${number}</span>`;

const escalations = (report) =>
  panel(
    "escalations",
    w().escalations,
    report.escalations.length
      ? html`${grid(
          [w().alarm, w().priority, w().where, w().state, w().why, w().waiting, w().level("")],
          report.escalations.map((one) => [
            html`<strong>${one.alarm_id}</strong> ${one.test ? badge(labels.test, "test") : nothing}`,
            `P${one.priority}`,
            one.municipality ?? w().unknownPlace,
            one.accepted_by ? `${status[one.status]} (${one.accepted_by})` : status[one.status],
            reasons[one.reason] ?? one.reason ?? "–",
            duration(nowMs() - one.raised_at_ms),
            badge(w().level(one.level), one.status === "open" ? "loud" : ""),
          ]),
          "title-escalations",
        )}
        ${report.escalated_count > report.escalations.length
          ? quiet(said().office.more(report.escalated_count - report.escalations.length))
          : nothing}`
      : quiet(w().noEscalations),
    count(report.escalated_count),
  );

const consoles = (report) => {
  const { overview } = report;
  const there = (attached) =>
    html`<span class="state ${attached ? "good" : "bad"}">
      ${attached ? `✓ ${w().attached}` : `⚠ ${w().detached}`}
    </span>`;
  return panel(
    "consoles",
    w().consoles,
    html`<dl>
      <div><dt>${w().own}</dt><dd>
        ${overview ? html`${there(overview.attached)} · ${w().operators(overview.operators ?? 0)}` : "?"}
      </dd></div>
      <div><dt>${w().other}</dt><dd>${overview ? there(overview.other_attached) : "?"}</dd></div>
      <div><dt>${said().pages.console}</dt><dd>
        ${w().openAlarms(report.open_count, report.unaccepted_count)}
      </dd></div>
    </dl>`,
  );
};

const devices = ({ devices: named = [], device_counts: counts = {}, devices_omitted: more = 0 }) =>
  panel(
    "devices",
    w().devices,
    named.length
      ? html`<p class="tallies">
            ${Object.entries(counts).map(
              ([name, number]) => html`<span>${w().conditions[name] ?? name}: <strong>${number}</strong></span>`,
            )}
          </p>
          ${grid(
            [w().device, w().what],
            named.map((one) => [html`<strong>${one.device_id}</strong>`, matters(one).join(", ")]),
            "title-devices",
          )}
          ${more ? quiet(said().office.more(more)) : nothing}`
      : quiet(w().noDevices),
    count(named.length + more),
  );

const matters = ({ conditions = [], test, maintenance_until_ms: until }) => [
  ...conditions.map((code) => w().conditions[code] ?? code),
  ...(test ? [w().conditions.test] : []),
  ...(until ? [w().until(at(until))] : []),
];

const counters = (report) => {
  const { overview } = report;
  const amounts = [
    [w().unreadable, overview.unreadable],
    [w().condensedUnreadable, overview.condensed_unreadable],
    [w().condensedPresses, overview.condensed_presses],
    [w().condensedFaults, overview.condensed_faults],
  ];
  return panel(
    "counters",
    w().counters,
    html`<dl>
        ${amounts.map(
          ([name, number]) => html`<div><dt>${name}</dt><dd><strong>${number ?? 0}</strong></dd></div>`,
        )}
      </dl>
      ${quiet(w().since(at(overview.counting_since_ms)))}
      <h3 id="title-samples">${w().samples}</h3>
      ${report.samples.length ? samples(report.samples) : quiet(w().noSamples)}`,
  );
};

const samples = (found) => html`
  ${grid(
    [w().at, w().topic, w().reason, w().size, w().begin],
    found.map((one) => [
      at(one.at_ms),
      html`<code>${one.topic}</code>`,
      w().reasons[one.reason] ?? one.reason,
      one.size_bytes,
      one.begin === null
        ? html`<span class="quiet">${w().withheld}</span>`
        : html`<code data-begin>${one.begin}</code>`,
    ]),
    "title-samples",
  )}
  ${quiet(w().notes)}
`;

const answers = (overview) => {
  const { answers: held = [], answer_p50_ms: p50, answer_p90_ms: p90 } = overview;
  const s = (ms) => (ms === undefined || ms === null ? "–" : w().seconds(tenths(ms / 1_000)));
  return panel(
    "answers",
    w().answers,
    html`${quiet(w().answersFrom(at(overview.shift_from_ms), at(overview.measured_from_ms)))}
      <dl>
        <div><dt>${w().median}</dt><dd><strong>${s(p50)}</strong></dd></div>
        <div><dt>${w().ninetieth}</dt><dd><strong>${s(p90)}</strong></dd></div>
      </dl>
      ${grid(
        [w().norm, w().limit, w().required, w().measured, w().verdict],
        held.map((one) => [
          one.norm,
          w().seconds(one.limit_ms / 1_000),
          percent(one.required_permille),
          one.count ? `${percent((one.within * 1_000) / one.count)} (${w().outOf(one.within, one.count)})` : "–",
          verdict(one),
        ]),
        "title-answers",
      )}
      ${quiet(w().background([...new Set(held.map((one) => one.norm))].join(", ")))}`,
  );
};

const tenths = (number) =>
  number.toLocaleString(language, { minimumFractionDigits: 1, maximumFractionDigits: 1 });

const percent = (permille) =>
  `${(Math.floor(permille) / 10).toLocaleString(language)}%`;

function verdict({ count: all, within, required_permille: required }) {
  if (!all) return html`<span class="quiet">${w().unknown}</span>`;
  const good = within * 1_000 >= all * required;
  return html`<span class="state ${good ? "good" : "bad"}">
    ${good ? `✓ ${w().meets}` : `⚠ ${w().misses}`}
  </span>`;
}

function warnings(report) {
  const lines = [];
  if (known.stale) lines.push(["bad", said().office.stale]);
  if (report && report.broker !== "connected") lines.push(["bad", said().office.brokerLost]);
  else if (report && report.gateway !== "up") lines.push(["bad", said().office.gateway[report.gateway]]);
  return lines.map(([tone, text]) => html`<p class="banner ${tone}" data-warning>${text}</p>`);
}

function page() {
  const { report } = known;
  return html`
    <h1>${said().pages.supervision}</h1>
    ${warnings(report)}
    ${report
      ? html`<p class="tools">
            <span data-as-of>${said().office.updated(at(report.overview?.at_ms ?? report.server_time_ms))}</span>
            <a class="button" href="/api/supervision.csv?language=${language}" download>
              ${said().office.exportCsv}
            </a>
          </p>
          <div class="columns">
            ${escalations(report)}
            <div class="stack">
              ${consoles(report)} ${report.overview ? devices(report.overview) : nothing}
            </div>
            ${report.overview
              ? html`${answers(report.overview)} ${counters(report)}`
              : quiet(said().office.noOverview)}
          </div>`
      : quiet(said().office.waiting)}
  `;
}

await open("supervision", page);
void refresh();
