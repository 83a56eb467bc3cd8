// Everything this agency may know of the selected alarm.

import { html, nothing, repeat } from "./vendor/lit.js";
import { earlierAlarms } from "./earlier.js";
import { forms } from "./forms.js";
import { date, time } from "./format.js";
import { guidanceCard, signsList } from "./guidance.js";
import { keptActions } from "./kept.js";
import * as words from "./words.js";
import { badge, badges, deadline, gestureBadges, otherStatus, person, priority, where } from "./parts.js";
import { nowMs, state } from "./store.js";

export function detail() {
  const row = state.rows.get(state.selected);
  if (!row) return html`<p class="quiet empty">${words.labels.select}</p>`;
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
          <strong>${words.status[view.status]}</strong> · ${otherStatus(view)}
          ${due ? html`· <span class="due ${due.late ? "late" : ""}">${due.text}</span>` : nothing}
        </p>
      </header>
      ${told ? html`<p class="notice ${told.tone}">${told.text()}</p>` : nothing}
      ${keptActions(row)} ${actions(row)}
      ${guidanceCard(row)} ${household(view)} ${signsList(row)} ${circumstances(view)} ${track(view)}
      ${presses(view)} ${earlierAlarms(row)} ${timeline(view)}
      <p class="quiet">
        ${words.labels.alarm} ${view.alarm_id} · ${words.labels.device} ${view.device_id} ·
        ${words.labels.version(view.version)}
      </p>
    </article>
  `;
}

function actions(row) {
  const possible = forms(row);
  if (possible) {
    return html`<section class="actions" aria-label=${words.labels.actions}>${possible}</section>`;
  }
  return row.view.status === "closed" ? html`<p class="quiet">${words.labels.closedHere}</p>` : nothing;
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
    <h3>${words.labels.why}</h3>
    ${bullets(named(words.reasons, view.reasons))}
    ${view.doubts.length
      ? html`<p class="doubts">
          <strong>${words.labels.doubts}:</strong> ${named(words.doubts, view.doubts).join("; ")}
        </p>`
      : nothing}
    ${view.remarks.length
      ? html`<p>
          <strong>${words.labels.remarks}:</strong> ${named(words.remarks, view.remarks).join("; ")}
        </p>`
      : nothing}
  </section>
`;

const orders = (list) =>
  list?.length
    ? list.map((one) => `${words.orders[one.kind] ?? one.kind} ${words.labels.until(date(one.valid_until))}`).join("; ")
    : words.labels.noOrders;

function household({ household: home }) {
  if (!home) return html`<section><p>${words.labels.unknownHousehold}</p></section>`;
  const marked = home.synthetic ? badge(words.labels.synthetic, "synthetic") : nothing;
  return html`
    <section>
      <h3>${words.labels.household} ${marked}</h3>
      ${home.agency === "police" ? forPolice(home) : forVeiligThuis(home)}
    </section>
  `;
}

function forPolice(home) {
  const { street, number, postcode, place } = home.address;
  return pairs([
    [words.labels.resident, home.resident],
    [words.labels.address, `${street} ${number}, ${postcode} ${place}`],
    [words.labels.agreement, home.location_agreement ?? words.labels.noAgreement],
    [words.labels.route, home.route_notes],
    [words.labels.offender, `${home.offender.name}: ${home.offender.description}`],
    [words.labels.vehicle, home.offender.vehicle],
    [words.labels.weapons, home.weapons],
    [words.labels.orders, orders(home.orders)],
  ]);
}

const forVeiligThuis = (home) =>
  pairs([
    [words.labels.caseReference, home.case_reference],
    [words.labels.resident, home.resident],
    [words.labels.municipality, home.municipality],
    [
      words.labels.members,
      home.members.length
        ? bullets(
            home.members.map(
              ({ name, role, birth_year: year }) =>
                `${name}, ${role}${year ? `, ${words.labels.born(year)}` : ""}`,
            ),
          )
        : words.labels.none,
    ],
    [words.labels.children, String(home.children)],
    [words.labels.relation, home.relation_to_stalker],
    [words.labels.signals, home.signals?.length ? bullets(named(words.signals, home.signals)) : words.labels.none],
    [words.labels.plan, home.safety_plan],
    [words.labels.orders, orders(home.orders)],
  ]);

function track({ own_track: own }) {
  const entries = [
    [words.labels.acceptedBy, own.accepted_by && person(own.accepted_by)],
    [words.labels.assignedUnits, own.units?.join(", ")],
    [words.labels.assessment, own.assessment],
    [words.labels.agreed, own.conditions],
    [words.labels.referredTo, named(words.referrals, own.referred_to ?? []).join("; ")],
    [words.labels.handedTo, own.handed_over_to],
    [words.labels.disposition, words.dispositions[own.disposition]],
    [words.labels.reason, own.close_reason],
  ];
  return entries.some(([, value]) => value)
    ? html`<section><h3>${words.labels.inProgress}</h3>${pairs(entries)}</section>`
    : nothing;
}

const presses = (view) => html`
  <section>
    <h3>${words.labels.pressesTitle} <span class="count">${view.press_count}</span></h3>
    <ol class="log">
      ${[...view.presses].reverse().map((press) => {
        const notes = [
          ...named(words.doubts, press.doubts ?? []),
          ...named(words.remarks, press.remarks ?? []),
          press.battery_pct === undefined || press.battery_pct === null
            ? ""
            : `${words.labels.battery} ${press.battery_pct}%`,
          position(press.location),
        ].filter(Boolean);
        return html`
          <li>
            <time>${time(press.received_at_ms, nowMs())}</time>
            <span>
              ${words.triggers[press.trigger] ?? press.trigger}
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
  return `${words.labels.location} ${point}${accuracy ? ` ${words.labels.accuracy(Math.round(accuracy))}` : ""}`;
}

// Texts that the gateway writes itself are codes; what an operator wrote is shown as it is.
function textOf({ kind, text }) {
  if (!text) return "";
  if (kind === "raised" || kind === "pressed_again") return words.triggers[text] ?? text;
  if (kind.includes("escalated")) return words.reasons[text] ?? text;
  if (kind === "refused") return misfit(text);
  if (kind === "fault" || kind === "fault_over") return words.conditions[text] ?? text;
  if (kind === "flood") return text.replace(/[a-z]+/g, (word) => words.counted[word] ?? word);
  if (kind === "refer") {
    const [party, ...rest] = text.split(": ");
    return [words.referrals[party] ?? party, ...rest].join(": ");
  }
  if (kind === "close") {
    const [code, ...rest] = text.split(": ");
    if (words.endings[code]) return words.endings[code];
    return words.dispositions[code] ? [words.dispositions[code], ...rest].join(": ") : text;
  }
  return text;
}

// The gateway says 'accept does not fit: the alarm is accepted'.
function misfit(text) {
  const [, kind, now] = /^(\w+) does not fit: the alarm is (\w+)$/.exec(text) ?? [];
  return words.timeline[kind] && words.status[now]
    ? words.labels.misfit(words.buttons[kind], words.status[now].toLowerCase())
    : words.timeline.refused;
}

const timeline = (view) => html`
  <section>
    <h3>${words.labels.timeline}</h3>
    <ol class="log">
      ${[...view.timeline].reverse().map(
        (entry) => html`
          <li class=${entry.outcome === "refused" ? "refused" : ""}>
            <time>${time(entry.at_ms, nowMs())}</time>
            <span>
              <strong>${words.timeline[entry.kind] ?? entry.kind}</strong>
              ${entry.operator ? words.labels.by(person(entry.operator)) : nothing}
              <span class="text">${textOf(entry)}</span>
            </span>
          </li>
        `,
      )}
    </ol>
    ${view.timeline_omitted
      ? html`<p class="quiet">${words.labels.omitted(view.timeline_omitted)}</p>`
      : nothing}
  </section>
`;


// All of it at once and nothing to press, for the page that is printed.
export const facts = (view) => html`
  ${household(view)} ${circumstances(view)} ${track(view)} ${presses(view)} ${timeline(view)}
`;
