// The tables: openstaand, in behandeling, and what was closed last.

import { html, nothing, repeat } from "./vendor/lit.js";
import { act } from "./actions.js";
import { duration, time } from "./format.js";
import { buttons, dispositions, doubts, labels, pending, reasons, status } from "./nl.js";
import { badges, deadline, otherStatus, priority, where } from "./parts.js";
import { nowMs, select, state, tables } from "./store.js";

const ROWS_MAX = 200; // drawn per table; the most urgent ones, and the rest is counted
const CLOSED_ROWS_MAX = 10;

export function queue() {
  const { open, inProgress, closed } = tables();
  return html`
    ${table("open", labels.queue, open, labels.noQueue)}
    ${table("progress", labels.inProgress, inProgress, labels.noProgress)}
    ${closed.length ? closedTable(closed) : nothing}
  `;
}

const table = (name, title, rows, empty) => html`
  <section class="panel ${name}" aria-labelledby="title-${name}">
    <h2 id="title-${name}">${title} <span class="count">${rows.length}</span></h2>
    ${rows.length
      ? html`
          <table>
            <thead>
              <tr>
                <th class="c-priority" scope="col">${labels.priority}</th>
                <th class="c-age" scope="col">${labels.age}</th>
                <th scope="col">
                  ${state.console === "police" ? labels.place : labels.case}
                </th>
                <th class="c-state" scope="col">${labels.state}</th>
                <th class="c-action" scope="col">${labels.action}</th>
              </tr>
            </thead>
            <tbody>
              ${repeat(rows.slice(0, ROWS_MAX), (row) => row.alarm_id, line)}
            </tbody>
          </table>
          ${rows.length > ROWS_MAX
            ? html`<p class="quiet">${labels.more(rows.length - ROWS_MAX)}</p>`
            : nothing}
        `
      : html`<p class="quiet">${state.console ? empty : labels.waiting}</p>`}
  </section>
`;

function line(row) {
  const { view } = row;
  const { head, line: second } = where(view);
  const due = deadline(view);
  const open = view.status === "open";
  return html`
    <tr
      class="row p${view.priority} ${state.selected === row.alarm_id ? "selected" : ""}"
      data-alarm=${row.alarm_id}
      @click=${() => select(row.alarm_id)}
    >
      <td>${priority(view)}</td>
      <td class="numbers">
        <strong>${duration(nowMs() - view.raised_at_ms)}</strong>
        ${due ? html`<div class="due ${due.late ? "late" : ""}">${due.text}</div>` : nothing}
      </td>
      <td>
        <strong>${head}</strong>
        <div>${second}</div>
      </td>
      <td>
        <div class="state">${status[view.status]} ${badges(row)}</div>
        <div class="quiet">${amounts(view)} · ${otherStatus(view)}</div>
        ${view.doubts.length
          ? html`<div class="doubts">
              ${labels.doubt(view.doubts.map((code) => doubts[code] ?? code).join("; "))}
            </div>`
          : nothing}
        ${notice(row)}
      </td>
      <td>${open ? acceptButton(row, head) : openButton(row, head)}</td>
    </tr>
  `;
}

// How often it was pressed; for an alarm about the button itself, what is wrong with it.
function amounts({ press_count: presses, condensed_count: condensed, reasons: codes }) {
  const parts = presses
    ? [labels.presses(presses)]
    : codes.map((code) => reasons[code] ?? code);
  if (condensed) parts.push(labels.condensed(condensed));
  return parts.join(", ");
}

const notice = (row) => {
  const told = state.notices.get(row.alarm_id);
  return told ? html`<div class="notice ${told.tone}">${told.text}</div>` : nothing;
};

const acceptButton = (row, head) => {
  const busy = state.pending.has(row.alarm_id);
  return html`
    <button
      type="button"
      class="primary"
      data-action="accept"
      aria-label="${buttons.accept}, ${head}"
      ?disabled=${busy}
      @click=${(event) => {
        event.stopPropagation();
        select(row.alarm_id);
        act(row, "accept");
      }}
    >
      ${busy ? pending : buttons.accept}
    </button>
  `;
};

const openButton = (row, head) => html`
  <button
    type="button"
    data-action="open"
    aria-label="${buttons.open}, ${head}"
    @click=${() => select(row.alarm_id)}
  >
    ${buttons.open}
  </button>
`;

const closedTable = (rows) => html`
  <section class="panel closed" aria-labelledby="title-closed">
    <h2 id="title-closed">${labels.closed} <span class="count">${rows.length}</span></h2>
    <table>
      <tbody>
        ${repeat(rows.slice(0, CLOSED_ROWS_MAX), (row) => row.alarm_id, closedLine)}
      </tbody>
    </table>
  </section>
`;

function closedLine(row) {
  const { view } = row;
  const { own_track: own } = view;
  const { head } = where(view);
  return html`
    <tr
      class="row ${state.selected === row.alarm_id ? "selected" : ""}"
      data-alarm=${row.alarm_id}
      @click=${() => select(row.alarm_id)}
    >
      <td class="numbers c-time">${time(own.closed_at_ms ?? view.journaled_at_ms, nowMs())}</td>
      <td>${head}</td>
      <td>${dispositions[own.disposition] ?? ""} ${badges(row)}</td>
      <td class="c-action">${openButton(row, head)}</td>
    </tr>
  `;
}
