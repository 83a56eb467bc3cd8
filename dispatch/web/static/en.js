// Every English word of the console; the same names as nl.js, which is the first language.

export { guidance, keys, map, unitQuestions, waiting } from "./cards-en.js";

export const locale = "en-GB";

export const consoles = {
  police: { name: "Control room", organisation: "Police Hollands Midden" },
  veilig_thuis: { name: "Veilig Thuis", organisation: "Hollands Midden" },
};

export const languages = { nl: "Nederlands", en: "English" };
export const roles = { operator: "", supervisor: "supervisor", read_only: "read only" };

export const door = {
  title: "Alarm console",
  intro: "Sign in to see the alarms of your organisation.",
  ended: "You are signed out. Sign in to go on.",
  name: "Name",
  password: "Password",
  enter: "Sign in",
  busy: "Working…",
  leave: "Sign out",
  leaveAll: "Sign out everywhere",
  wrong: "Name or password is wrong.",
  locked: (seconds) => `Too many failed attempts. Try again in ${seconds} s.`,
  failed: "Signing in is not possible now. Try again soon.",
  unreachable: "The console cannot be reached.",
  waiting: "The console cannot be reached. The page keeps trying; no alarm can be seen now.",
  notLeft: "Signing out failed; close the browser or try again.",
  synthetic: "Simulation: all people and addresses are synthetic.",
};

export const otherAgency = { police: "Veilig Thuis", veilig_thuis: "Police" };
export const status = {
  open: "Open",
  accepted: "Accepted",
  unit_assigned: "Unit assigned",
  on_scene: "On scene",
  assessed: "Assessed",
  handed_over: "Handed over",
  closed: "Closed",
};

export const triggers = {
  press: "Pressed",
  hold: "Held down",
  duress: "Silent alarm (duress)",
  cancel: "Cancelled on the button",
  test: "Test alarm",
};

export const gestures = {
  duress: "SILENT ALARM (duress)",
  hold: "Held down",
  cancel: "Cancelled on the button, dispatch goes on",
  loneCancel: "Only a cancel, no press",
};

export const reasons = {
  verified_press: "Verified press of the button",
  verified_hold: "Button held down",
  verified_duress: "Silent alarm under duress",
  press_with_doubts: "Press of the button with doubts",
  unknown_device: "Unknown button",
  test: "Test alarm",
  cancel_requested: "Cancel asked for on the button (dispatch goes on)",
  cancel_without_alarm: "Cancel without a running alarm",
  not_accepted: "Not accepted in time",
  console_unreachable: "Console was out of reach",
  link_lost: "Connection with the button lost",
  device_silent: "Button says nothing any more",
  tamper: "Button tampered with",
  supervision_lost: "Supervision of the button lost",
  battery_low: "Battery almost empty",
  clock_drift: "Clock of the button is off",
  flood: "Unusually many messages",
};

export const doubts = {
  unknown_device: "button unknown",
  unsigned: "without a signature",
  bad_signature: "signature is wrong",
  sequence_reused: "sequence number used twice: button or key may be copied",
  device_out_of_service: "button is out of service",
  device_mismatch: "message names another button",
};

export const remarks = {
  delivered_late: "arrived late",
  clock_ahead: "clock of the button is ahead",
  out_of_order: "out of order",
  in_maintenance: "button in maintenance",
  malformed_field: "a value of the button could not be read",
};

export const dispositions = {
  genuine: "Genuine emergency",
  mispress: "Pressed by mistake",
  test: "Test",
  technical_fault: "Technical fault",
  cancelled_by_user: "Cancelled by the user (confirmed in person)",
  duplicate: "Duplicate alarm",
  no_contact: "No contact made",
};

// To whom Veilig Thuis refers.
export const referrals = {
  slachtofferhulp: "Slachtofferhulp Nederland",
  wijkagent: "Community officer, for a talk to stop (stopgesprek)",
  lokaal_team: "Local team of the municipality",
};

export const timeline = {
  raised: "Alarm raised",
  pressed_again: "Pressed again",
  accept: "Accepted",
  assign_unit: "Unit assigned",
  arrive: "Unit on scene",
  note: "Note",
  close: "Closed",
  reopen: "Reopened",
  safety_assessment: "Safety assessment",
  conditions: "Conditions agreed",
  refer: "Referred",
  hand_over: "Handed over",
  refused: "Action refused",
  escalated: "Escalated, level 1",
  escalated_further: "Escalated, level 2",
  other_escalated: "Other organisation escalated, level 2",
  fault: "Fault of the button",
  fault_over: "Fault over",
  flood: "Flood of messages",
  device_imported: "Data of the button updated",
  device_added: "Data of the button updated",
  device_revoked: "Button taken out of service",
  device_restored: "Button back in service",
  device_key_rotated: "Key of the button replaced",
};

export const conditions = {
  silent: "button says nothing any more",
  link_lost: "connection lost",
  battery_low: "battery almost empty",
  tamper: "tampering",
  clock_drift: "clock is off",
};

export const counted = {
  unreadable: "unreadable messages",
  presses: "presses of unknown or doubtful buttons",
  faults: "faults",
};

export const endings = {
  test_expired: "Test expired",
  fault_over: "Fault over",
};

export const signals = {
  following: "following or watching",
  unwanted_contact: "unwanted contact",
  threats: "threats of violence",
  gossip: "spreading lies or gossip",
  property_damage: "destroying property",
  orders_in_name: "ordering goods in the person's name",
  harassing_others: "harassing children, family or friends",
  gifts: "unwanted gifts",
  chance_meetings: "frequent ‘chance’ meetings",
  never_in_peace: "threatening never to leave in peace",
};

export const orders = { contactverbod: "No-contact order", straatverbod: "Street ban" };
export const buttons = {
  accept: "Accept",
  assign_unit: "Assign unit",
  arrive: "On scene",
  note: "Save note",
  close: "Close",
  reopen: "Reopen",
  safety_assessment: "Record assessment",
  conditions: "Record agreements",
  refer: "Refer",
  hand_over: "Hand over",
  retry: "Send again",
  discard: "Throw away",
  open: "Open",
  back: "Back",
};

export const summaries = {
  assign_unit: "Assign another unit",
  note: "Note",
  close: "Close",
  reopen: "Reopen",
  safety_assessment: "Safety assessment",
  conditions: "Conditions and agreements",
  refer: "Refer",
  hand_over: "Hand over",
};

export const pending = "Working…";

export const labels = {
  synthetic: "SYNTHETIC",
  syntheticLong: "All people and addresses are synthetic",
  test: "TEST",
  priority: "Prio",
  warnings: "Warnings",
  details: "Details of the chosen alarm",
  queue: "Open",
  filtered: (priority) => `prio ${priority} only: show all`,
  inProgress: "In progress",
  closed: "Closed recently",
  noQueue: "No open alarms",
  noProgress: "No alarms in progress",
  waiting: "Waiting for the first data…",
  paging: (title) => `Pages: ${title}`,
  turns: { previous: "Previous", next: "Next", first: "To the most urgent" },
  range: (first, last, total) => `${first}–${last} of ${total}`,
  operator: "Operator",
  account: "Account",
  age: "Age",
  place: "Place",
  case: "Case",
  state: "Status",
  action: "Action",
  presses: (count) => `pressed ${count}×`,
  cancels: (count) => `cancelled ${count}×`,
  condensed: (count) => `${count} messages condensed`,
  pressesTitle: "Presses of the button",
  escalated: (level) => `Escalated, level ${level}`,
  unverified: "Being checked",
  withdrawn: "Withdrawn by the gateway",
  acceptWithin: (left) => `accept within ${left}`,
  acceptLate: (late) => `${late} late`,
  assessBy: (day) => `assessment due ${day}`,
  onSceneWithin: (left) => `on scene within ${left}`,
  onSceneLate: (late) => `${late} over the arrival time`,
  select: "Choose an alarm to see its details.",
  unknownHousehold: "No household is known for this button.",
  unknownPlace: "Address unknown",
  flood: "Flood of messages",
  floodLine: "unknown buttons or unreadable messages",
  unknownCase: "Case unknown",
  device: "Button",
  alarm: "Alarm",
  version: (number) => `version ${number}`,
  why: "Cause",
  doubts: "Doubts",
  doubt: (text) => `Doubt: ${text}`,
  remarks: "Remarks",
  resident: "Resident",
  address: "Address",
  agreement: "Location agreement",
  noAgreement: "none",
  route: "Approach",
  offender: "Offender",
  vehicle: "Vehicle",
  weapons: "Weapons",
  orders: "Orders",
  noOrders: "none known",
  until: (date) => `until ${date}`,
  household: "Household",
  caseReference: "Case number",
  municipality: "Municipality",
  members: "Family members",
  born: (year) => `born ${year}`,
  children: "Children",
  relation: "Relation to offender",
  signals: "Signs",
  plan: "Safety plan",
  assignedUnits: "Units",
  assessment: "Assessment",
  agreed: "Agreements",
  referredTo: "Referred to",
  kept: "Not confirmed yet: kept on this page",
  keptUnsure: "(perhaps done already; sending again never does it twice)",
  earlier: "Earlier alarms of this household",
  earlierElsewhere: (count) => `${count} earlier ones are not (or no longer) known here.`,
  handedTo: "Handed over to",
  acceptedBy: "Accepted by",
  disposition: "Disposition",
  reason: "Reason",
  location: "Position",
  accuracy: (metres) => `± ${metres} m`,
  battery: "battery",
  actions: "Actions",
  unit: "Unit",
  unitFree: "free",
  unitBusy: "busy",
  unitMinutes: (minutes) => `± ${minutes} min drive`,
  unitsNear: "Units by travel time",
  unitHint: "call sign",
  noteField: "Note",
  choose: "Choose…",
  reasonField: "Reason (required)",
  assessmentField: "Safety assessment",
  conditionsField: "Agreements with those involved",
  referTo: "Refer to",
  handOverTo: "Hand over to",
  handOverHint: "local team, case coordinator",
  handOverText: "Explanation",
  timeline: "Log",
  fresh: (count) => `${count} new ${count === 1 ? "alarm" : "alarms"}: show in order`,
  left: (now) => `Now ${now}`,
  misfit: (button, now) => `'${button}' does not fit: the alarm was ${now}`,
  closedHere: "Closed. A new press of the button opens a new alarm.",
  gateway: "the gateway",
  omitted: (count) => `${count} older lines are in the journal`,
  by: (name) => `by ${name}`,
  other: (name) => `${name}:`,
  none: "none",
};

export const connection = {
  connected: "Connected",
  delayed: (seconds) => `Delayed: nothing heard of the server for ${seconds} s.`,
  lost: "Connection lost. The alarms below are the last ones known; the page reconnects.",
  broker: "The console has no connection to the broker. The alarms below are the last ones known; no action is possible now.",
  gatewayDown: "The gateway is not active. New alarms and actions do not get through now.",
  gatewaySilent: "The gateway says nothing. New alarms may be missing.",
  gatewayUnknown: "Waiting for the gateway.",
  kept: (count) => `${count === 1 ? "1 action was" : `${count} actions were`} not confirmed yet and kept on this page; send again at the alarm.`,
  unverified: (count) => `${count} alarm(s) are being checked with the gateway after an interruption.`,
  turnedAway: (count) => `The board is full: ${count} alarm(s) are with the gateway only.`,
  refused: (count) => `${count} message(s) were not for this console and were refused.`,
  clockAhead: (seconds) => `The clock of this workplace is ${seconds} s behind the server. All times here are the server's.`,
  clockBehind: (seconds) => `The clock of this workplace is ${seconds} s ahead of the server. All times here are the server's.`,
  badges: {
    connected: "Connected",
    delayed: "Delayed",
    lost: "Lost",
    broker: "No broker",
    gatewayDown: "Gateway gone",
    gatewaySilent: "Gateway silent",
    gatewayUnknown: "Waiting for gateway",
  },
};

export const problems = {
  not_connected: "no connection to the broker; the action was not sent.",
  busy: "too many actions wait for an answer; the action was not sent.",
  unknown: "no answer from the gateway; it is not known whether the action was done.",
  gone: "the gateway does not have this alarm (any more).",
  read_only: "this account may only look.",
  forbidden: "the session of this page is no longer right; load the page again.",
  unauthorized: "you are signed out; sign in again.",
  unknown_alarm: "this alarm is not known on this console.",
  other: "the console could not work on the request.",
};

export const results = {
  done: (button) => `${button}: done.`,
  refusedBy: (name, now) => `Refused: ${name} was first. The alarm is now: ${now}.`,
  refused: (now) => `Refused: this does not fit the alarm as it is now: ${now}.`,
  unreachable: "The console cannot be reached; it is not known whether the action was done.",
  failed: (why) => `Not done: ${why}`,
  unsure: (why) => `Uncertain: ${why}`,
};

export const sound = {
  start: "Start shift",
  off: "SOUND OFF",
  offLong: "The sound is off: start your shift to hear alarms.",
  on: "Sound on",
  blocked: "SOUND BLOCKED",
  silence: "Silence 30 s",
  silenced: (seconds) => `Silenced, ${seconds} s left`,
  stop: "Switch sound off",
};

export const prefs = {
  menu: "Preferences of this workplace",
  language: "Language",
  flash: "Let symbols flash",
  keys: "Use single-key shortcuts",
  help: "Show shortcuts",
  pages: { supervision: "Supervision", history: "History" },
  close: "Close",
};

export const spoken = {
  raised: (priority, place) => `New alarm, priority ${priority}, ${place}`,
  test: (place) => `New test alarm, ${place}`,
};
