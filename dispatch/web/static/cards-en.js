// What stands around the guidance card, in English; the same names as in cards-nl.js.

export const guidance = {
  title: "Guidance card",
  doTitle: "Do",
  neverTitle: "Never do",
  callTitle: "Whom to call",
  example: "Example text of this simulation; your organisation sets its own card.",
  duress: "Silent alarm: the offender may be in the room. Do not call the resident; come without sirens.",
  cancel: "A cancel stops nothing: only who has spoken to the resident in person closes the alarm.",
  test: "Test alarm: work it as a real one, but send nobody.",
  signsTitle: "Ten signs of stalking",
  signsAsk: "Tick what is going on now; it goes into the log as a note.",
  signsNote: "Signs",
};

// The single keys, as the help lists them.
export const keys = {
  move: "arrows or J and K: another alarm",
  open: "Enter: details",
  accept: "A: accept",
  assign_unit: "E: unit",
  arrive: "P: on scene",
  note: "N: note",
  close: "X: close",
  case: "B, V, W, O: assessment, conditions, refer, hand over (Veilig Thuis)",
  silence: "M: silence 30 s",
  filter: "1 to 4: this priority only; again: all",
  region: "F6: next part of the page",
  help: "?: this list",
  back: "Esc: back to the queue",
};

// The map, and the list beside it.
export const map = {
  title: "Map (schematic)",
  label: "Schematic map of Hollands Midden; the list beside it says the same",
  alarms: "Alarms",
  units: "Units",
  nowhere: "place unknown",
  more: (count) => `${count} less urgent ones are in the queue only.`,
};

// How many alarms wait for somebody, in the bar.
export const waiting = {
  count: (count) => `${count} not accepted`,
  show: "To the most urgent",
};

// Before a unit is assigned that is not on the list, or is on another alarm.
export const unitQuestions = {
  unlisted: (unit) => `${unit} is not on the list; send once more to assign it anyway`,
  busy: (unit, place, alarm) =>
    `${unit} is busy with ${place} (${alarm}); send once more to assign it anyway`,
};
