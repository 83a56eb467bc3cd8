// Small pieces that tables and details share. Text is only ever set as text.

import { html, nothing, svg } from "./vendor/lit.js";
import { day, duration } from "./format.js";
import { gestures as gestureNames, labels, otherAgency, status } from "./words.js";
import { language, languages as languageNames, prefs, speakLanguage } from "./words.js";
import { changed, nowMs, state } from "./store.js";

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

// Who acted; where nobody did, it was the gateway itself.
export const person = (name) => (name === "gateway" ? labels.gateway : name);

export const badge = (text, tone = "") => html`<span class="badge ${tone}">${text}</span>`;

export const badges = ({ view, verified, withdrawn }) => html`
  ${view.test ? badge(labels.test, "test") : nothing}
  ${view.own_track.escalation_level && view.status === "open"
    ? badge(labels.escalated(view.own_track.escalation_level), "loud")
    : nothing}
  ${verified ? nothing : badge(labels.unverified, "stale")}
  ${withdrawn ? badge(labels.withdrawn, "stale") : nothing}
`;

// What was done with the button, beyond a plain press: a symbol and words, the gravest first.
// A view holds the newest presses only, so its reasons count as well.
const gestures = {
  duress: svg`<path d="M5 .5h6L15.5 5v6L11 15.5H5L.5 11V5zM7 3v6h2V3zM7 10.5v2h2v-2z"></path>`,
  hold: svg`<path d="M6 1h4v5h4l-6 6-6-6h4zM2 13.5h12v2H2z"></path>`,
  cancel: svg`<path d="M8 .5a7.5 7.5 0 1 0 .01 0zM3.8 10.8l7-7 1.4 1.4-7 7z"></path>`,
};

export function gesturesOf(view) {
  const found = new Set(view.presses.map((press) => press.trigger));
  for (const reason of view.reasons) {
    if (reason === "verified_duress") found.add("duress");
    if (reason === "verified_hold") found.add("hold");
    if (reason.startsWith("cancel_")) found.add("cancel");
  }
  return found;
}

// Without any press nothing may say that help is on its way.
export function isLoneCancel(view) {
  const found = gesturesOf(view);
  return found.size === 1 && found.has("cancel");
}

export const gestureBadges = (view) => {
  const found = gesturesOf(view);
  const names = Object.keys(gestures).filter((name) => found.has(name));
  const lone = isLoneCancel(view);
  return names.map(
    (name) => html`
      <span class="gesture ${name}" data-gesture=${name}>
        <svg class="symbol" viewBox="0 0 16 16" aria-hidden="true" fill-rule="evenodd">
          ${gestures[name]}
        </svg>
        ${gestureNames[lone ? "loneCancel" : name]}
      </span>
    `,
  );
};

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

// The switch of languages; `speak` fetches and takes the words of one.
export const languages = (speak = speakLanguage) => html`
  <div class="languages" role="group" aria-label=${prefs.language}>
    ${Object.entries(languageNames).map(
      ([code, name]) => html`
        <button
          type="button"
          lang=${code}
          data-language=${code}
          aria-pressed=${language === code}
          @click=${async () => {
            await speak(code);
            changed();
          }}
        >
          ${name}
        </button>
      `,
    )}
  </div>
`;
