// A unit that is not on the list, or is busy, is assigned by a second submit only: it is asked
// first, and only whoever means it sends it once more.

import { html, nothing } from "./vendor/lit.js";
import { APART_MS } from "./deliberate.js";
import { where } from "./parts.js";
import { say } from "./speak.js";
import { changed, draft } from "./store.js";
import { busyUnits, isListed, nameOf } from "./units.js";
import { unitQuestions } from "./words.js";

let asked = null; // {alarmId, unit, why, at}

// Why it is asked, in words; nothing where there is no reason to.
function doubt(row, unit) {
  const other = busyUnits(row.alarm_id).get(unit);
  if (other) return unitQuestions.busy(unit, where(other.view).head, other.alarm_id);
  return isListed(unit) ? null : unitQuestions.unlisted(unit);
}

// Tells whether a submitted unit is to be sent; if not, the question stands under its field.
export function meant(row, event, unit) {
  const why = doubt(row, unit);
  const again = asked?.alarmId === row.alarm_id && asked.unit === unit && asked.why === why;
  if (!why || (again && event.timeStamp - asked.at >= APART_MS)) {
    asked = null;
    return true;
  }
  if (again) return false; // the other half of a double press
  asked = { alarmId: row.alarm_id, unit, why, at: event.timeStamp };
  event.target.elements.unit.focus();
  say("alert", why);
  changed();
  return false;
}

// The question while it stands: another text in the field, or another alarm, takes it away.
export function question(row) {
  if (!asked) return nothing;
  const unit = nameOf(draft(row.alarm_id, "assign_unit.unit"));
  const why = doubt(row, unit);
  if (asked.alarmId !== row.alarm_id || asked.unit !== unit || !why) {
    asked = null;
    return nothing;
  }
  return html`<p class="notice bad question" data-question>${why}</p>`;
}
