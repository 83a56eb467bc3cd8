// Everything this agency may know of the selected alarm.

import { html, nothing, repeat } from "./vendor/lit.js";
import { forms } from "./forms.js";
import { date, time } from "./format.js";
import * as nl from "./nl.js";
import { badge, badges, deadline, gestureBadges, otherStatus, person, priority, where } from "./parts.js";
import { nowMs, state } from "./store.js";

const { labels } = nl;

export function detail() {
  const row = state.rows.get(state.selected);
  if (!row) return html`<p class="quiet empty">${labels.select}</p>`;
  // Keyed by alarm, so that no element of one alarm is ever reused for another.
  return html`${repeat([row], (one) => one.alarm_id, whole)}`;
}

function whole(row) {
  const { view } = row;
  const { head, line } = where(view);
  const due = deadline(view);
  const told = state.notices.get(row.alarm_id);
  return html`
    <article data-detail=${row.alarm_id}>
      <header class="detail-head p${view.priority}">
        <div>${priority(view)} ${badges(row)}</div>
        ${gestureBadges(view)}
        <h2>${head}</h2>
        <p>${line}</p>
        <p>
          <strong>${nl.status[view.status]}</strong> · ${otherStatus(view)}
          ${due ? html`· <span class="due ${due.late ? "late" : ""}">${due.text}</span>` : nothing}
        </p>
      </header>
      ${told ? html`<p class="notice ${told.tone}">${told.text}</p>` : nothing}
      ${actions(row)}
      ${circumstances(view)} ${household(view)} ${track(view)} ${presses(view)} ${timeline(view)}
      <p class="quiet">
        ${labels.alarm} ${view.alarm_id} · ${labels.device} ${view.device_id} ·
        ${labels.version(view.version)}
      </p>
    </article>
  `;
}

function actions(row) {
  const possible = forms(row);
  if (possible.length) {
    return html`<section class="actions" aria-label=${labels.actions}>${possible}</section>`;
  }
  return row.view.status === "closed" ? html`<p class="quiet">${labels.closedHere}</p>` : nothing;
}

const named = (names, codes) => codes.map((code) => names[code] ?? code);

const pairs = (entries) => html`
  <dl>
    ${entries
      .filter(([, value]) => value !== null && value !== undefined && value !== "")
      .map(([term, value]) => html`<div><dt>${term}</dt><dd>${value}</dd></div>`)}
  </dl>
`;

const bullets = (items) => html`<ul>${items.map((item) => html`<li>${item}</li>`)}</ul>`;

const circumstances = (view) => html`
  <section>
    <h3>${labels.why}</h3>
    ${bullets(named(nl.reasons, view.reasons))}
    ${view.doubts.length
      ? html`<p class="doubts">
          <strong>${labels.doubts}:</strong> ${named(nl.doubts, view.doubts).join("; ")}
        </p>`
      : nothing}
    ${view.remarks.length
      ? html`<p>
          <strong>${labels.remarks}:</strong> ${named(nl.remarks, view.remarks).join("; ")}
        </p>`
      : nothing}
  </section>
`;

const orders = (list) =>
  list?.length
    ? list.map((one) => `${nl.orders[one.kind] ?? one.kind} ${labels.until(date(one.valid_until))}`).join("; ")
    : labels.noOrders;

function household({ household: home }) {
  if (!home) return html`<section><p>${labels.unknownHousehold}</p></section>`;
  const marked = home.synthetic ? badge(labels.synthetic, "synthetic") : nothing;
  return html`
    <section>
      <h3>${labels.household} ${marked}</h3>
      ${home.agency === "police" ? forPolice(home) : forVeiligThuis(home)}
    </section>
  `;
}

function forPolice(home) {
  const { street, number, postcode, place } = home.address;
  return pairs([
    [labels.resident, home.resident],
    [labels.address, `${street} ${number}, ${postcode} ${place}`],
    [labels.agreement, home.location_agreement ?? labels.noAgreement],
    [labels.route, home.route_notes],
    [labels.offender, `${home.offender.name}: ${home.offender.description}`],
    [labels.vehicle, home.offender.vehicle],
    [labels.weapons, home.weapons],
    [labels.orders, orders(home.orders)],
  ]);
}

const forVeiligThuis = (home) =>
  pairs([
    [labels.caseReference, home.case_reference],
    [labels.resident, home.resident],
    [labels.municipality, home.municipality],
    [
      labels.members,
      home.members.length
        ? bullets(
            home.members.map(
              ({ name, role, birth_year: year }) =>
                `${name}, ${role}${year ? `, ${labels.born(year)}` : ""}`,
            ),
          )
        : labels.none,
    ],
    [labels.children, String(home.children)],
    [labels.relation, home.relation_to_stalker],
    [labels.signals, home.signals?.length ? bullets(named(nl.signals, home.signals)) : labels.none],
    [labels.plan, home.safety_plan],
    [labels.orders, orders(home.orders)],
  ]);

function track({ own_track: own }) {
  const entries = [
    [labels.acceptedBy, own.accepted_by && person(own.accepted_by)],
    [labels.assignedUnits, own.units?.join(", ")],
    [labels.assessment, own.assessment],
    [labels.handedTo, own.handed_over_to],
    [labels.disposition, nl.dispositions[own.disposition]],
    [labels.reason, own.close_reason],
  ];
  return entries.some(([, value]) => value)
    ? html`<section><h3>${labels.inProgress}</h3>${pairs(entries)}</section>`
    : nothing;
}

const presses = (view) => html`
  <section>
    <h3>${labels.pressesTitle} <span class="count">${view.press_count}</span></h3>
    <ol class="log">
      ${[...view.presses].reverse().map((press) => {
        const notes = [
          ...named(nl.doubts, press.doubts ?? []),
          ...named(nl.remarks, press.remarks ?? []),
          press.battery_pct === undefined || press.battery_pct === null
            ? ""
            : `${labels.battery} ${press.battery_pct}%`,
          position(press.location),
        ].filter(Boolean);
        return html`
          <li>
            <time>${time(press.received_at_ms, nowMs())}</time>
            <span>
              ${nl.triggers[press.trigger] ?? press.trigger}
              ${notes.length ? html`<span class="quiet">${notes.join(" · ")}</span>` : nothing}
            </span>
          </li>
        `;
      })}
    </ol>
  </section>
`;

function position(location) {
  if (!location) return "";
  const { latitude, longitude, accuracy_m: accuracy } = location;
  const point = `${latitude.toFixed(5)}, ${longitude.toFixed(5)}`;
  return `${labels.location} ${point}${accuracy ? ` ${labels.accuracy(Math.round(accuracy))}` : ""}`;
}

// Texts that the gateway writes itself are codes; what an operator wrote is shown as it is.
function textOf({ kind, text }) {
  if (!text) return "";
  if (kind === "raised" || kind === "pressed_again") return nl.triggers[text] ?? text;
  if (kind.includes("escalated")) return nl.reasons[text] ?? text;
  if (kind === "refused") return misfit(text);
  if (kind === "fault" || kind === "fault_over") return nl.conditions[text] ?? text;
  if (kind === "flood") return text.replace(/[a-z]+/g, (word) => nl.counted[word] ?? word);
  if (kind === "close") {
    const [code, ...rest] = text.split(": ");
    if (nl.endings[code]) return nl.endings[code];
    return nl.dispositions[code] ? [nl.dispositions[code], ...rest].join(": ") : text;
  }
  return text;
}

// The gateway says 'accept does not fit: the alarm is accepted'.
function misfit(text) {
  const [, kind, now] = /^(\w+) does not fit: the alarm is (\w+)$/.exec(text) ?? [];
  return nl.timeline[kind] && nl.status[now]
    ? labels.misfit(nl.buttons[kind], nl.status[now].toLowerCase())
    : nl.timeline.refused;
}

const timeline = (view) => html`
  <section>
    <h3>${labels.timeline}</h3>
    <ol class="log">
      ${[...view.timeline].reverse().map(
        (entry) => html`
          <li class=${entry.outcome === "refused" ? "refused" : ""}>
            <time>${time(entry.at_ms, nowMs())}</time>
            <span>
              <strong>${nl.timeline[entry.kind] ?? entry.kind}</strong>
              ${entry.operator ? labels.by(person(entry.operator)) : nothing}
              <span class="text">${textOf(entry)}</span>
            </span>
          </li>
        `,
      )}
    </ol>
    ${view.timeline_omitted
      ? html`<p class="quiet">${labels.omitted(view.timeline_omitted)}</p>`
      : nothing}
  </section>
`;
