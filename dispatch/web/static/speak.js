// The two live regions. A text leaves again when it has been read: who comes along later with a
// screen reader must not find an old alarm or an old outage there.

const KEPT_MS = 10_000;

const regions = {
  alert: document.getElementById("announce-alert"),
  status: document.getElementById("announce-status"),
};
const timers = {};

export function say(name, text) {
  clearTimeout(timers[name]);
  regions[name].textContent = text;
  if (text) timers[name] = setTimeout(() => say(name, ""), KEPT_MS);
}

// What was said and no longer holds.
export function unsay(text) {
  for (const [name, region] of Object.entries(regions)) {
    if (text && region.textContent === text) say(name, "");
  }
}
