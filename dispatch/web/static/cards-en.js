// The guidance card in English; the same names as in cards-nl.js.

export const guidance = {
  title: "Guidance card",
  doTitle: "Do",
  neverTitle: "Never do",
  callTitle: "Whom to call",
  example: "Example text of this simulation; your organisation sets its own card.",
  duress: "Silent alarm: the offender may be in the room. Do not call the resident; come without sirens.",
  cancel: "A cancel stops nothing: only who has spoken to the resident in person closes the alarm.",
  test: "Test alarm: work it as a real one, but send nobody.",
  police: {
    todo: {
      accept: "Accept, and send the nearest free unit.",
      read: "Give the unit the location agreement, the approach, the description and the weapons.",
      orders: "Name a no-contact order or street ban: then a visit without violence counts too.",
      evidence: "Have messages, letters and pictures kept, and write down what was seen.",
    },
    never: {
      calm: "Call a press a false alarm without having spoken to the resident in person.",
      mediate: "Mediate between resident and offender, or let the resident answer.",
      tell: "Let the offender notice that the button was pressed.",
    },
    call: {
      thuis: "Veilig Thuis Hollands Midden: sees this alarm already; 0800-2000.",
      agent: "The community officer, for a stop talk while it has not escalated.",
      victims: "Slachtofferhulp Nederland, for help with the report.",
    },
  },
  veilig_thuis: {
    todo: {
      accept: "Accept, and follow the police; they drive, you assess the safety.",
      children: "See who lives there, the children first, and where they are safe now.",
      assess: "Record the safety assessment: acute at once, otherwise within five working days.",
      signs: "Go through the ten signs of stalking and complete the dossier.",
    },
    never: {
      mediate: "Mediate, or make contact with the offender a condition.",
      address: "Name a place of refuge to anybody.",
      wait: "Wait with 112 when somebody is in danger now.",
    },
    call: {
      danger: "Danger now: 112. Otherwise the police: 0900-8844.",
      victims: "Slachtofferhulp Nederland, for help with the report and an order.",
      local: "The local team or the case coordinator, for the hand-over.",
    },
  },
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
