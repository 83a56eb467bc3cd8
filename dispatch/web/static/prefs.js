// What this workplace prefers, remembered in the browser. Storage may be switched off; a choice
// then holds for this page only.

const PREFIX = "dispatch.";
const known = new Map();

export function pref(name, otherwise) {
  if (known.has(name)) return known.get(name);
  try {
    return localStorage.getItem(PREFIX + name) ?? otherwise;
  } catch {
    return otherwise;
  }
}

export function setPref(name, value) {
  known.set(name, value);
  try {
    localStorage.setItem(PREFIX + name, value);
  } catch {
    // kept for this page only
  }
}
