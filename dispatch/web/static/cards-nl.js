// What stands around the guidance card, which itself comes from the policy file; in Dutch.

export const guidance = {
  title: "Handelingskaart",
  doTitle: "Doen",
  neverTitle: "Nooit doen",
  callTitle: "Wie bellen",
  example: "Voorbeeldtekst van deze simulatie; uw organisatie stelt haar eigen kaart vast.",
  duress: "Stil alarm: de pleger is misschien in de kamer. Bel de bewoner niet; kom zonder geluid.",
  cancel: "Een annulering stopt niets: alleen wie de bewoner zelf heeft gesproken, sluit af.",
  test: "Testmelding: handel haar af als een echte, maar stuur niemand.",
  signsTitle: "Tien signalen van stalking",
  signsAsk: "Vink aan wat nu speelt; het komt als notitie in het logboek.",
  signsNote: "Signalen",
};

// The single keys, as the help lists them.
export const keys = {
  move: "pijltjes of J en K: andere melding",
  open: "Enter: details",
  accept: "A: aannemen",
  assign_unit: "E: eenheid",
  arrive: "P: ter plaatse",
  note: "N: notitie",
  close: "X: afsluiten",
  case: "B, V, W, O: beoordeling, voorwaarden, verwijzen, overdragen (Veilig Thuis)",
  silence: "M: dempen 30 s",
  filter: "1 tot 4: alleen deze prioriteit; nog eens: alle",
  region: "F6: volgend deel van de pagina",
  help: "?: deze lijst",
  back: "Esc: terug naar de wachtrij",
};

// The map, and the list beside it.
export const map = {
  title: "Kaart (schematisch)",
  label: "Schematische kaart van Hollands Midden; de lijst ernaast zegt hetzelfde",
  alarms: "Meldingen",
  units: "Eenheden",
  nowhere: "plaats onbekend",
  more: (count) => `${count} minder dringende staan alleen in de wachtrij.`,
};

// How many alarms wait for somebody, in the bar.
export const waiting = {
  count: (count) => `${count} niet aangenomen`,
  show: "Naar de meest urgente",
};

// Before a unit is assigned that is not on the list, or is on another alarm.
export const unitQuestions = {
  unlisted: (unit) => `${unit} staat niet op de lijst; verstuur nog eens om toch toe te wijzen`,
  busy: (unit, place, alarm) =>
    `${unit} is bezet met ${place} (${alarm}); verstuur nog eens om toch toe te wijzen`,
};
