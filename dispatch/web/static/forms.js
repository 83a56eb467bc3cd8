// What an operator can do with the selected alarm, as small forms.

import { html, live, nothing, repeat } from "./vendor/lit.js";
import { act } from "./actions.js";
import { deliberate } from "./deliberate.js";
import { buttons, dispositions, labels, pending, referrals, summaries } from "./words.js";
import { meant, question } from "./question.js";
import { nameOf, unitsFor } from "./units.js";
import { draft, hasDraft, setDraft, state } from "./store.js";

// When the gateway would take which action; it judges again, on its own state.
const fits = {
  accept: ["open"],
  assign_unit: ["accepted", "unit_assigned", "on_scene"],
  arrive: ["unit_assigned"],
  safety_assessment: ["accepted", "assessed", "handed_over"],
  conditions: ["accepted", "assessed", "handed_over"],
  refer: ["accepted", "assessed", "handed_over"],
  hand_over: ["accepted", "assessed"],
  note: ["open", "accepted", "unit_assigned", "on_scene", "assessed", "handed_over"],
  close: ["accepted", "unit_assigned", "on_scene", "assessed", "handed_over"],
  reopen: ["closed"],
};

const order = [
  "accept",
  "assign_unit",
  "arrive",
  "safety_assessment",
  "conditions",
  "refer",
  "hand_over",
  "note",
  "close",
  "reopen",
];

const next = {
  open: "accept",
  accepted: { police: "assign_unit", veilig_thuis: "safety_assessment" },
  unit_assigned: "arrive",
  on_scene: "close",
  assessed: "hand_over",
  handed_over: "close",
};

export function forms(row) {
  const { status, console: agency } = row.view;
  const kinds = order.filter(
    (kind) => state.kinds.includes(kind) && fits[kind].includes(status) && !row.withdrawn,
  );
  const step = next[status]?.[agency] ?? next[status];
  kinds.sort((a, b) => (b === step) - (a === step));
  const held = beingFilledIn(row);
  // The next step and what needs no typing stand open; the rest folds away, so that the
  // circumstances stay in sight.
  const open = (kind) =>
    kind === held?.kind ? held.open : kind === step || !inputs[kind] || kind === "arrive";
  drawn = { alarmId: row.alarm_id, kinds: held ? asBefore(kinds) : kinds };
  if (!kinds.length) return null;
  return html`${repeat(drawn.kinds, (kind) => kind, (kind) => {
    const one = form(row, kind, kind === step);
    if (open(kind)) return one;
    return html`<details class="more" data-more=${kind}>
      <summary>${summaries[kind]}</summary>
      ${one}
    </details>`;
  })}`;
}

let drawn = { alarmId: null, kinds: [] };

// The form that somebody is typing in. Where a colleague moves the alarm on meanwhile, it stays
// where and as it is: letters that fell out of it would be taken for keys.
function beingFilledIn({ alarm_id: alarmId }) {
  const field = document.activeElement?.closest("aside form.act");
  const kind = field?.dataset.action;
  if (!kind || alarmId !== drawn.alarmId || !hasDraft(alarmId, kind)) return null;
  return { kind, open: !field.closest("details.more") };
}

const asBefore = (kinds) => [
  ...drawn.kinds.filter((kind) => kinds.includes(kind)),
  ...kinds.filter((kind) => !drawn.kinds.includes(kind)),
];

function form(row, kind, primary) {
  const busy = state.pending.get(row.alarm_id);
  const submit = (event) => {
    event.preventDefault();
    const fields = Object.fromEntries(
      [...new FormData(event.target)].filter(([, value]) => value.trim() !== ""),
    );
    if (kind === "assign_unit" && fields.unit) {
      fields.unit = nameOf(fields.unit);
      if (!meant(row, event, fields.unit)) return;
    }
    act(row, kind, fields);
  };
  return html`
    <form class="act" data-action=${kind} @submit=${submit}>
      ${inputs[kind]?.(row) ?? nothing}
      <button
        type="submit"
        class=${primary ? "primary" : ""}
        ?disabled=${busy !== undefined}
        @click=${(event) => deliberate(event) || event.preventDefault()}
      >
        ${busy === kind ? pending : buttons[kind]}
      </button>
    </form>
  `;
}

// Drafts are shared by the forms of one alarm, so each form names its field apart.
const bound = (row, kind, name) => ({
  value: live(draft(row.alarm_id, `${kind}.${name}`)),
  keep: (event) => setDraft(row.alarm_id, `${kind}.${name}`, event.target.value),
});

const line = (row, kind, name, label, hint) => {
  const { value, keep } = bound(row, kind, name);
  return html`
    <label>
      <span>${label}</span>
      <input
        name=${name}
        type="text"
        maxlength="80"
        autocomplete="off"
        placeholder=${hint}
        required
        .value=${value}
        @input=${keep}
      />
    </label>
  `;
};

const area = (row, kind, name, label, required = true) => {
  const { value, keep } = bound(row, kind, name);
  return html`
    <label>
      <span>${label}</span>
      <textarea
        name=${name}
        rows="2"
        maxlength="500"
        ?required=${required}
        .value=${value}
        @input=${keep}
      ></textarea>
    </label>
  `;
};

const choice = (row, kind, name, label, options) => {
  const { value, keep } = bound(row, kind, name);
  return html`
    <label>
      <span>${label}</span>
      <select name=${name} required .value=${value} @change=${keep}>
        <option value="">${labels.choose}</option>
        ${Object.entries(options).map(
          ([code, text]) => html`<option value=${code}>${text}</option>`,
        )}
      </select>
    </label>
  `;
};

// Choosing a unit fills the field; sending it stays a press of its own.
const nearest = (row) => html`
  <ul class="units" aria-label=${labels.unitsNear}>
    ${unitsFor(row).map(
      ({ name, free, minutes }) => html`
        <li>
          <button
            type="button"
            data-unit=${name}
            class=${free ? "" : "busy"}
            @click=${() => setDraft(row.alarm_id, "assign_unit.unit", name)}
          >
            ${name}
          </button>
          ${free ? labels.unitFree : labels.unitBusy}${minutes === null
            ? nothing
            : html`, ${labels.unitMinutes(minutes)}`}
        </li>
      `,
    )}
  </ul>
`;

const inputs = {
  assign_unit: (row) => html`
    ${line(row, "assign_unit", "unit", labels.unit, labels.unitHint)} ${question(row)} ${nearest(row)}
  `,
  arrive: (row) => {
    const sent = row.view.own_track.units ?? [];
    if (sent.length < 2) return nothing;
    return html`
      <label>
        <span>${labels.unit}</span>
        <select name="unit">
          ${sent.map((unit) => html`<option>${unit}</option>`)}
        </select>
      </label>
    `;
  },
  note: (row) => area(row, "note", "text", labels.noteField),
  close: (row) => html`
    ${choice(row, "close", "disposition", labels.disposition, dispositions)}
    ${area(row, "close", "reason", labels.reasonField)}
  `,
  reopen: (row) => area(row, "reopen", "reason", labels.reasonField),
  safety_assessment: (row) => area(row, "safety_assessment", "text", labels.assessmentField),
  conditions: (row) => area(row, "conditions", "text", labels.conditionsField),
  refer: (row) => html`
    ${choice(row, "refer", "party", labels.referTo, referrals)}
    ${area(row, "refer", "text", labels.handOverText, false)}
  `,
  hand_over: (row) => html`
    ${line(row, "hand_over", "to", labels.handOverTo, labels.handOverHint)}
    ${area(row, "hand_over", "text", labels.handOverText, false)}
  `,
};
