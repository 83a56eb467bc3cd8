// The words in the language of this workplace. Importers see a switch at once: these names are
// live, so they must be read when drawing and never be copied into a constant.

import { pref, setPref } from "./prefs.js";

const catalogues = {};

// Only the language that is spoken here is loaded.
async function load(wanted) {
  if (wanted === "en") catalogues.en ??= await import("./en.js");
  else catalogues.nl ??= await import("./nl.js");
}

export let language = pref("language", "nl") === "en" ? "en" : "nl";
await load(language);

export let {
  locale,
  consoles,
  languages,
  roles,
  door,
  otherAgency,
  status,
  triggers,
  gestures,
  reasons,
  doubts,
  remarks,
  dispositions,
  referrals,
  timeline,
  conditions,
  counted,
  endings,
  signals,
  orders,
  guidance,
  buttons,
  summaries,
  pending,
  labels,
  connection,
  problems,
  results,
  sound,
  prefs,
  keys,
  map,
  waiting,
  spoken,
  unitQuestions,
} = catalogues[language];

export async function speakLanguage(wanted) {
  await load(wanted);
  language = wanted === "en" ? "en" : "nl";
  setPref("language", language);
  document.documentElement.lang = language;
  ({
    locale,
    consoles,
    languages,
    roles,
    door,
    otherAgency,
    status,
    triggers,
    gestures,
    reasons,
    doubts,
    remarks,
    dispositions,
    referrals,
    timeline,
    conditions,
    counted,
    endings,
    signals,
    orders,
    guidance,
    buttons,
    summaries,
    pending,
    labels,
    connection,
    problems,
    results,
    sound,
    prefs,
    keys,
    map,
    waiting,
    spoken,
    unitQuestions,
  } = catalogues[language]);
}

document.documentElement.lang = language;
