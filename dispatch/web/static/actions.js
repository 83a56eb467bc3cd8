// What an operator does, sent to the server. Only the gateway's own answer counts as done.

import { buttons, language, problems, results, status as statusNames } from "./words.js";
import { person } from "./parts.js";
import { headers } from "./session.js";
import { changed, clearDrafts, keep, keptAs, notice, state, takeRow, unkeep } from "./store.js";

const UNSENT = ["not_connected", "busy"]; // the server says that it went nowhere
const UNSURE = "unknown"; // no answer came; sent again with the same key it is still one action
const ANSWER_WITHIN_MS = 8_000; // the server gives up after 5 s

export async function act(row, kind, fields = {}) {
  const alarmId = row.alarm_id;
  if (state.pending.has(alarmId)) return;
  const key = keptAs(alarmId, kind, fields)?.key ?? newKey(); // what is sent again is done once
  state.pending.set(alarmId, kind);
  state.notices.delete(alarmId);
  changed();
  try {
    const response = await fetch(`/api/alarms/${encodeURIComponent(alarmId)}/actions`, {
      method: "POST",
      headers: { ...headers(), "Idempotency-Key": key },
      body: JSON.stringify({ ...fields, kind, seen_version: row.view.version }),
      signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
    });
    const answer = await response.json();
    if (answer.alarm) takeRow(answer.alarm);
    if (response.ok) clearDrafts(alarmId, kind);
    if (UNSENT.includes(answer.error)) keep(alarmId, kind, fields, { key, sure: true });
    else if (answer.error === UNSURE) {
      keep(alarmId, kind, fields, { key, sure: false, actionId: answer.action_id });
    }
    else unkeep(alarmId, kind, fields);
    notice(alarmId, ...told(response.status, answer, kind));
  } catch {
    keep(alarmId, kind, fields, { key, sure: false });
    notice(alarmId, "bad", () => results.unreachable);
  } finally {
    state.pending.delete(alarmId);
    changed();
  }
}

// What is on an alarm's timeline by now was done, or refused: it waits for nobody any more.
export function settleKept() {
  for (const { alarmId, kind, fields, actionId } of [...state.kept.values()]) {
    const row = state.rows.get(alarmId);
    const found = row?.view.timeline.find((one) => one.action_id === actionId && one.outcome);
    if (!actionId || !found) continue;
    unkeep(alarmId, kind, fields);
    const done = found.outcome === "done";
    if (done) clearDrafts(alarmId, kind);
    notice(alarmId, ...told(done ? 200 : 409, { alarm: row, acted_by: found.acted_by }, kind));
  }
}

const newKey = () =>
  [...crypto.getRandomValues(new Uint8Array(16))]
    .map((byte) => byte.toString(16).padStart(2, "0"))
    .join("");

const said = (answer) => (language === "en" ? answer.message_en : answer.message);

// One line for the operator, worded when it is drawn: the language may change under it. A bad
// field is told in the server's words, which name the field.
function told(status, answer, kind) {
  if (status === 200) return ["good", () => results.done(buttons[kind])];
  if (status === 409) {
    const now = () => statusNames[answer.alarm?.view.status]?.toLowerCase() ?? "?";
    if (answer.acted_by) return ["bad", () => results.refusedBy(person(answer.acted_by), now())];
    return ["bad", () => results.refused(now())];
  }
  if (status === 504) return ["bad", () => results.unsure(problems.unknown)];
  const why = () => (answer.error === "bad_field" ? said(answer) : problems[answer.error]);
  return ["bad", () => results.failed(why() ?? problems.other)];
}
