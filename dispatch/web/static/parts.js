// Small pieces that tables and details share. Text is only ever set as text.

import { html, nothing, svg } from "./vendor/lit.js";
import { day, duration } from "./format.js";
import { labels, otherAgency, status } from "./nl.js";
import { nowMs, state } from "./store.js";

const FLOOD = "gateway-flood"; // the gateway's own name for what it condenses

// A shape per priority, so that colour is never the only cue.
const shapes = {
  1: svg`<path d="M8 1 15.5 15H.5z"></path>`,
  2: svg`<path d="M8 .5 15.5 8 8 15.5.5 8z"></path>`,
  3: svg`<path d="M1.5 1.5h13v13h-13z"></path>`,
  4: svg`<circle cx="8" cy="8" r="7"></circle>`,
};

export const priority = (view) => html`
  <span class="priority p${view.priority}">
    <svg
      class="symbol ${view.status === "open" && !view.test ? "flash" : ""}"
      viewBox="0 0 16 16"
      aria-hidden="true"
    >
      ${shapes[view.priority]}
    </svg>
    ${labels.priority} ${view.priority}
  </span>
`;

export const badge = (text, tone = "") => html`<span class="badge ${tone}">${text}</span>`;

export const badges = ({ view, verified, withdrawn }) => html`
  ${view.test ? badge(labels.test, "test") : nothing}
  ${view.own_track.escalation_level
    ? badge(labels.escalated(view.own_track.escalation_level), "loud")
    : nothing}
  ${verified ? nothing : badge(labels.unverified, "stale")}
  ${withdrawn ? badge(labels.withdrawn, "stale") : nothing}
`;

// Where it is (police), or which case it is (Veilig Thuis).
export function where(view) {
  const { household } = view;
  if (view.device_id === FLOOD) return { head: labels.flood, line: labels.floodLine };
  if (!household) {
    const unknown = state.console === "police" ? labels.unknownPlace : labels.unknownCase;
    return { head: unknown, line: view.device_id };
  }
  if (household.agency === "police") {
    const { street, number, place } = household.address;
    const town = place === household.municipality ? place : `${place} (${household.municipality})`;
    return { head: town, line: `${street} ${number}` };
  }
  return { head: household.municipality, line: household.case_reference };
}

export const otherStatus = (view) =>
  `${otherAgency[view.console]}: ${status[view.other_track.status].toLowerCase()}`;

// How much time is left, from the deadlines that the gateway set.
export function deadline(view) {
  const now = nowMs();
  const { accept_by_ms: acceptBy, on_scene_by_ms: onSceneBy } = view.deadlines;
  if (view.status === "open" && acceptBy) {
    return acceptBy >= now
      ? { late: false, text: labels.acceptWithin(duration(acceptBy - now)) }
      : { late: true, text: labels.acceptLate(duration(now - acceptBy)) };
  }
  const { assess_by_ms: assessBy } = view.deadlines;
  if (assessBy) return { late: assessBy < now, text: labels.assessBy(day(assessBy)) };
  if (onSceneBy && ["accepted", "unit_assigned"].includes(view.status)) {
    return onSceneBy >= now
      ? { late: false, text: labels.onSceneWithin(duration(onSceneBy - now)) }
      : { late: true, text: labels.onSceneLate(duration(now - onSceneBy)) };
  }
  return null;
}
