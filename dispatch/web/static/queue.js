// The tables: openstaand, in behandeling, and what was closed last.

import { html, nothing, repeat } from "./vendor/lit.js";
import { act } from "./actions.js";
import { deliberate } from "./deliberate.js";
import { duration, time } from "./format.js";
import { buttons, dispositions, doubts, labels, pending, reasons, status } from "./words.js";
import { arranged, holding, release } from "./hold.js";
import { badges, deadline, gestureBadges, isLoneCancel, otherStatus, priority, where } from "./parts.js";
import { show } from "./show.js";
import { changed, nowMs, select, setFilter, state, tables } from "./store.js";

const PAGE_ROWS = 50; // drawn per table; a change costs what is drawn and not what is held
const CLOSED_ROWS_MAX = 10;

export function queue() {
  const { open, inProgress, closed } = tables();
  return html`
    ${openTable(open)}
    ${table("progress", labels.inProgress, inProgress, line, labels.noProgress)}
    ${closed.length ? closedTable(closed) : nothing}
  `;
}

// The queue itself: still under a hand or the focus, and it then says what is new.
const shown = () => arranged(tables().open).rows;
const held = holding(shown);

function openTable(open) {
  const { filter } = state;
  const wanted = filter ? open.filter(({ view }) => view.priority === filter) : open;
  const { rows, left, late } = arranged(wanted);
  const draw = (row) => (left.has(row.alarm_id) ? leftLine : line)(row);
  return table("open", labels.queue, rows, draw, labels.noQueue, { count: open.length, late });
}

// 'N nieuwe' leads to the most urgent ones, wherever the reader was.
function first() {
  pages.open = 0;
  release();
}

// The same from wherever somebody has scrolled to.
export function toFirst() {
  first();
  requestAnimationFrame(() => document.querySelector("section.open")?.scrollIntoView());
}

const pages = { open: 0, progress: 0 }; // which page each table shows; 0 has the most urgent

function turn(name, page) {
  pages[name] = page;
  changed();
  requestAnimationFrame(() => document.querySelector(`section.${name}`)?.scrollIntoView());
}

// The part of a table that is drawn; its page is the last one where rows have left.
function paged(name, rows) {
  const last = Math.max(0, Math.ceil(rows.length / PAGE_ROWS) - 1);
  pages[name] = Math.min(pages[name], last);
  const first = pages[name] * PAGE_ROWS;
  return { first, last, drawn: rows.slice(first, first + PAGE_ROWS) };
}

const turner = (name, word, page, last) => html`
  <button
    type="button"
    data-turn=${word}
    ?disabled=${page < 0 || page > last}
    @click=${() => turn(name, page)}
  >
    ${labels.turns[word]}
  </button>
`;

const paging = (name, title, { first, last, drawn }, total) => html`
  <nav class="paging" aria-label=${labels.paging(title)}>
    ${turner(name, "previous", pages[name] - 1, last)}
    <span class="quiet" data-range>${labels.range(first + 1, first + drawn.length, total)}</span>
    ${turner(name, "next", pages[name] + 1, last)}
  </nav>
`;

function table(name, title, rows, draw, empty, { count = rows.length, late = 0 } = {}) {
  const part = paged(name, rows);
  const lines = part.drawn.map(draw);
  return html`
  <section
    class="panel ${name}"
    aria-labelledby="title-${name}"
    @pointermove=${name === "open" ? held.move : nothing}
    @pointerleave=${name === "open" ? held.leave : nothing}
    @focusin=${name === "open" ? held.focus : nothing}
    @focusout=${name === "open" ? held.blur : nothing}
  >
    <h2 id="title-${name}">
      ${title} <span class="count ${count ? "some" : ""}">${count}</span>
      ${late
        ? html`<button type="button" class="fresh" @click=${first}>${labels.fresh(late)}</button>`
        : nothing}
      ${pages[name] ? turner(name, "first", 0, 0) : nothing}
      ${name === "open" && state.filter
        ? html`<button type="button" class="fresh" @click=${() => setFilter(null)}>
            ${labels.filtered(state.filter)}
          </button>`
        : nothing}
    </h2>
    ${lines.length
      ? html`
          <table class="rows" role="table">
            <thead role="rowgroup">
              <tr role="row">
                <th class="c-priority" scope="col" role="columnheader">${labels.priority}</th>
                <th class="c-age" scope="col" role="columnheader">${labels.age}</th>
                <th class="c-where" scope="col" role="columnheader">
                  ${state.console === "police" ? labels.place : labels.case}
                </th>
                <th class="c-state" scope="col" role="columnheader">${labels.state}</th>
                <th class="c-action" scope="col" role="columnheader">${labels.action}</th>
              </tr>
            </thead>
            <tbody role="rowgroup">
              ${repeat(lines, ({ key }) => key, ({ content }) => content)}
            </tbody>
          </table>
          ${part.last ? paging(name, title, part, rows.length) : nothing}
        `
      : html`<p class="quiet">${state.console ? empty : labels.waiting}</p>`}
  </section>
  `;
}

// An alarm that left the queue while it was held still: as high as it was, and without a button,
// so that nothing moves and nothing else lies under the hand.
const leftLine = (row) => {
  const now = state.rows.get(row.alarm_id)?.view.status;
  return {
    key: row.alarm_id,
    content: html`
      <tr class="row left" role="row" data-left=${row.alarm_id}>
        ${cells(row, {
          word: now ? labels.left(status[now].toLowerCase()) : labels.withdrawn,
          button: html`<button type="button" class="primary" disabled>${buttons.accept}</button>`,
        })}
      </tr>
    `,
  };
};

const line = (row) => ({ key: row.alarm_id, content: lineOf(row) });

function lineOf(row) {
  const { view } = row;
  const { head } = where(view);
  return html`
    <tr
      role="row"
      class="row p${view.priority} ${state.selected === row.alarm_id ? "selected" : ""}"
      data-alarm=${row.alarm_id}
      data-version=${view.version}
      tabindex="-1"
      aria-selected=${state.selected === row.alarm_id}
      @click=${() => show(row.alarm_id)}
    >
      ${cells(row, {
        word: status[view.status],
        told: notice(row),
        button: view.status === "open" ? acceptButton(row, head) : openButton(row, head),
      })}
    </tr>
  `;
}

function cells(row, { word, button, told = nothing }) {
  const { view } = row;
  const { head, line: second } = where(view);
  const due = deadline(view);
  return html`
    <td class="c-priority" role="cell">${priority(view)}</td>
    <td class="c-age numbers" role="cell">
      <strong>${duration(nowMs() - view.raised_at_ms)}</strong>
      ${due ? html`<div class="due ${due.late ? "late" : ""}">${due.text}</div>` : nothing}
    </td>
    <td class="c-where" role="cell">
      <strong>${head}</strong>
      <div>${second}</div>
    </td>
    <td class="c-state" role="cell">
      ${gestureBadges(view)}
      <div class="state">${word} ${badges(row)}</div>
      <div class="quiet">${amounts(view)} · ${otherStatus(view)}</div>
      ${view.doubts.length
        ? html`<div class="doubts">
            ${labels.doubt(view.doubts.map((code) => doubts[code] ?? code).join("; "))}
          </div>`
        : nothing}
      ${told}
    </td>
    <td class="c-action" role="cell">${button}</td>
  `;
}

// How often it was pressed; for an alarm about the button itself, what is wrong with it.
function amounts(view) {
  const { press_count: presses, condensed_count: condensed, reasons: codes } = view;
  const count = isLoneCancel(view) ? labels.cancels : labels.presses;
  const parts = presses
    ? [count(presses)]
    : codes.map((code) => reasons[code] ?? code);
  if (condensed) parts.push(labels.condensed(condensed));
  return parts.join(", ");
}

const notice = (row) => {
  const told = state.notices.get(row.alarm_id);
  return told ? html`<div class="notice ${told.tone}">${told.text()}</div>` : nothing;
};

const acceptButton = (row, head) => {
  if (!state.kinds.includes("accept")) return openButton(row, head);
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
        if (!deliberate(event)) return;
        select(row.alarm_id); // the hand stays at the queue
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
    @click=${() => show(row.alarm_id)}
  >
    ${buttons.open}
  </button>
`;

const closedTable = (rows) => html`
  <section class="panel closed" aria-labelledby="title-closed">
    <h2 id="title-closed">${labels.closed} <span class="count">${rows.length}</span></h2>
    <table class="rows ended" role="table" aria-labelledby="title-closed">
      <tbody role="rowgroup">
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
      role="row"
      class="row ${state.selected === row.alarm_id ? "selected" : ""}"
      data-alarm=${row.alarm_id}
      data-version=${view.version}
      @click=${() => show(row.alarm_id)}
    >
      <td class="c-time numbers" role="cell">${time(own.closed_at_ms ?? view.journaled_at_ms, nowMs())}</td>
      <td class="c-where" role="cell">${head}</td>
      <td class="c-state" role="cell">${dispositions[own.disposition] ?? ""} ${badges(row)}</td>
      <td class="c-action" role="cell">${openButton(row, head)}</td>
    </tr>
  `;
}
