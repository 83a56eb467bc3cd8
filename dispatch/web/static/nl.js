// Every Dutch word of the console. en.js has the same names in English; a test compares them.

export { guidance, keys, map, unitQuestions, waiting } from "./cards-nl.js";

export const locale = "nl-NL";

export const consoles = {
  police: { name: "Meldkamer", organisation: "Politie Hollands Midden" },
  veilig_thuis: { name: "Veilig Thuis", organisation: "Hollands Midden" },
};

export const languages = { nl: "Nederlands", en: "English" };
export const roles = { operator: "", supervisor: "leidinggevende", read_only: "alleen meekijken" };

export const door = {
  title: "Alarmconsole",
  intro: "Meld u aan om de meldingen van uw organisatie te zien.",
  ended: "U bent afgemeld. Meld u aan om verder te gaan.",
  name: "Naam",
  password: "Wachtwoord",
  enter: "Aanmelden",
  busy: "Bezig…",
  leave: "Afmelden",
  leaveAll: "Overal afmelden",
  wrong: "Naam of wachtwoord klopt niet.",
  locked: (seconds) => `Te veel mislukte pogingen. Probeer het over ${seconds} s opnieuw.`,
  failed: "Aanmelden lukt nu niet. Probeer het zo opnieuw.",
  unreachable: "De console is niet bereikbaar.",
  waiting: "De console is niet bereikbaar. Er wordt steeds opnieuw verbonden; er is nu geen melding te zien.",
  notLeft: "Afmelden is niet gelukt; sluit de browser of probeer het opnieuw.",
  synthetic: "Simulatie: alle personen en adressen zijn synthetisch.",
};

export const otherAgency = { police: "Veilig Thuis", veilig_thuis: "Politie" };
export const status = {
  open: "Openstaand",
  accepted: "Aangenomen",
  unit_assigned: "Eenheid toegewezen",
  on_scene: "Ter plaatse",
  assessed: "Beoordeeld",
  handed_over: "Overgedragen",
  closed: "Afgesloten",
};

export const triggers = {
  press: "Ingedrukt",
  hold: "Lang ingedrukt",
  duress: "Stil alarm (dwang)",
  cancel: "Annulering op de knop",
  test: "Testmelding",
};

// What the queue says beside a plain press.
export const gestures = {
  duress: "STIL ALARM (dwang)",
  hold: "Lang ingedrukt",
  cancel: "Annulering op de knop, inzet loopt door",
  loneCancel: "Alleen een annulering, geen druk",
};

export const reasons = {
  verified_press: "Geverifieerde druk op de knop",
  verified_hold: "Knop lang ingedrukt",
  verified_duress: "Stil alarm onder dwang",
  press_with_doubts: "Druk op de knop met twijfels",
  unknown_device: "Onbekende knop",
  test: "Testmelding",
  cancel_requested: "Annulering gevraagd op de knop (inzet loopt door)",
  cancel_without_alarm: "Annulering zonder lopende melding",
  not_accepted: "Niet op tijd aangenomen",
  console_unreachable: "Console was niet bereikbaar",
  link_lost: "Verbinding met de knop verbroken",
  device_silent: "Knop laat niets meer horen",
  tamper: "Sabotage aan de knop",
  supervision_lost: "Bewaking van de knop verloren",
  battery_low: "Batterij bijna leeg",
  clock_drift: "Klok van de knop loopt niet gelijk",
  flood: "Ongewoon veel berichten",
};

export const doubts = {
  unknown_device: "knop onbekend",
  unsigned: "zonder handtekening",
  bad_signature: "handtekening klopt niet",
  sequence_reused: "volgnummer dubbel: knop of sleutel mogelijk gekopieerd",
  device_out_of_service: "knop is buiten dienst",
  device_mismatch: "bericht noemt een andere knop",
};

export const remarks = {
  delivered_late: "laat aangekomen",
  clock_ahead: "klok van de knop loopt voor",
  out_of_order: "niet in volgorde",
  in_maintenance: "knop in onderhoud",
  malformed_field: "een gegeven van de knop was onleesbaar",
};

export const dispositions = {
  genuine: "Echte noodsituatie",
  mispress: "Per ongeluk ingedrukt",
  test: "Test",
  technical_fault: "Technische storing",
  cancelled_by_user: "Geannuleerd door gebruiker (persoonlijk bevestigd)",
  duplicate: "Dubbele melding",
  no_contact: "Geen contact gekregen",
};

// To whom Veilig Thuis refers.
export const referrals = {
  slachtofferhulp: "Slachtofferhulp Nederland",
  wijkagent: "Wijkagent, voor een stopgesprek",
  lokaal_team: "Lokaal team van de gemeente",
};

export const timeline = {
  raised: "Melding ontstaan",
  pressed_again: "Opnieuw ingedrukt",
  accept: "Aangenomen",
  assign_unit: "Eenheid toegewezen",
  arrive: "Eenheid ter plaatse",
  note: "Notitie",
  close: "Afgesloten",
  reopen: "Heropend",
  safety_assessment: "Veiligheidsbeoordeling",
  conditions: "Voorwaarden en afspraken",
  refer: "Verwezen",
  hand_over: "Overgedragen",
  refused: "Actie geweigerd",
  escalated: "Geëscaleerd, niveau 1",
  escalated_further: "Geëscaleerd, niveau 2",
  other_escalated: "Andere organisatie geëscaleerd, niveau 2",
  fault: "Storing aan de knop",
  fault_over: "Storing voorbij",
  flood: "Berichtenvloed",
  device_imported: "Gegevens van de knop bijgewerkt",
  device_added: "Gegevens van de knop bijgewerkt",
  device_revoked: "Knop buiten dienst gesteld",
  device_restored: "Knop weer in dienst gesteld",
  device_key_rotated: "Sleutel van de knop vervangen",
};

export const conditions = {
  silent: "knop laat niets meer horen",
  link_lost: "verbinding verbroken",
  battery_low: "batterij bijna leeg",
  tamper: "sabotage",
  clock_drift: "klok loopt niet gelijk",
};

// What the gateway counted in a flood.
export const counted = {
  unreadable: "onleesbare berichten",
  presses: "drukken van onbekende of twijfelachtige knoppen",
  faults: "storingen",
};

// Why the gateway closed an alarm by itself.
export const endings = {
  test_expired: "Test verlopen",
  fault_over: "Storing voorbij",
};

export const signals = {
  following: "volgen of in de gaten houden",
  unwanted_contact: "ongewenst contact",
  threats: "bedreiging met geweld",
  gossip: "roddels of leugens verspreiden",
  property_damage: "vernieling",
  orders_in_name: "bestellingen op naam",
  harassing_others: "lastigvallen van kinderen, familie of vrienden",
  gifts: "ongewenste cadeaus",
  chance_meetings: "opvallend vaak ‘toevallig’ ontmoeten",
  never_in_peace: "dreigen nooit met rust te laten",
};

export const orders = { contactverbod: "Contactverbod", straatverbod: "Straatverbod" };
export const buttons = {
  accept: "Aannemen",
  assign_unit: "Eenheid toewijzen",
  arrive: "Ter plaatse",
  note: "Notitie opslaan",
  close: "Afsluiten",
  reopen: "Heropenen",
  safety_assessment: "Beoordeling vastleggen",
  conditions: "Afspraken vastleggen",
  refer: "Verwijzen",
  hand_over: "Overdragen",
  retry: "Opnieuw versturen",
  discard: "Weggooien",
  open: "Openen",
  back: "Terug",
};

export const summaries = {
  assign_unit: "Nog een eenheid toewijzen",
  note: "Notitie",
  close: "Afsluiten",
  reopen: "Heropenen",
  safety_assessment: "Veiligheidsbeoordeling",
  conditions: "Voorwaarden en afspraken",
  refer: "Verwijzen",
  hand_over: "Overdragen",
};

export const pending = "Bezig…";

export const labels = {
  synthetic: "SYNTHETISCH",
  syntheticLong: "Alle personen en adressen zijn synthetisch",
  test: "TEST",
  priority: "Prio",
  warnings: "Waarschuwingen",
  details: "Details van de gekozen melding",
  queue: "Openstaand",
  filtered: (priority) => `alleen prio ${priority}: toon alles`,
  inProgress: "In behandeling",
  closed: "Recent afgesloten",
  noQueue: "Geen openstaande meldingen",
  noProgress: "Geen meldingen in behandeling",
  waiting: "Wacht op de eerste gegevens…",
  paging: (title) => `Bladeren: ${title}`,
  turns: { previous: "Vorige", next: "Volgende", first: "Naar de meest urgente" },
  range: (first, last, total) => `${first}–${last} van ${total}`,
  operator: "Medewerker",
  account: "Account",
  age: "Leeftijd",
  place: "Plaats",
  case: "Zaak",
  state: "Status",
  action: "Actie",
  presses: (count) => `${count}× ingedrukt`,
  cancels: (count) => `${count}× geannuleerd`,
  condensed: (count) => `${count} berichten samengevat`,
  pressesTitle: "Drukken op de knop",
  escalated: (level) => `Geëscaleerd, niveau ${level}`,
  unverified: "Wordt nagevraagd",
  withdrawn: "Ingetrokken door de gateway",
  acceptWithin: (left) => `aannemen binnen ${left}`,
  acceptLate: (late) => `${late} te laat`,
  assessBy: (day) => `beoordeling uiterlijk ${day}`,
  onSceneWithin: (left) => `ter plaatse binnen ${left}`,
  onSceneLate: (late) => `${late} over de aanrijtijd`,
  select: "Kies een melding om de details te zien.",
  unknownHousehold: "Geen huishouden bekend bij deze knop.",
  unknownPlace: "Adres onbekend",
  flood: "Berichtenvloed",
  floodLine: "onbekende knoppen of onleesbare berichten",
  unknownCase: "Zaak onbekend",
  device: "Knop",
  alarm: "Melding",
  version: (number) => `versie ${number}`,
  why: "Aanleiding",
  doubts: "Twijfels",
  doubt: (text) => `Twijfel: ${text}`,
  remarks: "Opmerkingen",
  resident: "Bewoner",
  address: "Adres",
  agreement: "Afspraak op Locatie",
  noAgreement: "geen",
  route: "Aanrijroute",
  offender: "Pleger",
  vehicle: "Voertuig",
  weapons: "Wapens",
  orders: "Maatregelen",
  noOrders: "geen bekend",
  until: (date) => `t/m ${date}`,
  household: "Huishouden",
  caseReference: "Zaaknummer",
  municipality: "Gemeente",
  members: "Gezinsleden",
  born: (year) => `geb. ${year}`,
  children: "Kinderen",
  relation: "Relatie tot pleger",
  signals: "Signalen",
  plan: "Veiligheidsplan",
  assignedUnits: "Eenheden",
  assessment: "Beoordeling",
  agreed: "Afspraken",
  referredTo: "Verwezen naar",
  kept: "Nog niet bevestigd: bewaard op deze pagina",
  keptUnsure: "(misschien al uitgevoerd; opnieuw versturen voert het nooit dubbel uit)",
  earlier: "Eerdere meldingen van dit huishouden",
  earlierElsewhere: (count) => `${count} eerdere zijn hier niet (meer) bekend.`,
  handedTo: "Overgedragen aan",
  acceptedBy: "Aangenomen door",
  disposition: "Afsluitcode",
  reason: "Reden",
  location: "Positie",
  accuracy: (metres) => `± ${metres} m`,
  battery: "batterij",
  actions: "Handelen",
  unit: "Eenheid",
  unitFree: "vrij",
  unitBusy: "bezet",
  unitMinutes: (minutes) => `± ${minutes} min rijden`,
  unitsNear: "Eenheden op aanrijtijd",
  unitHint: "roepnummer",
  noteField: "Notitie",
  choose: "Kies…",
  reasonField: "Reden (verplicht)",
  assessmentField: "Veiligheidsbeoordeling",
  conditionsField: "Afspraken met de betrokkenen",
  referTo: "Verwijzen naar",
  handOverTo: "Overdragen aan",
  handOverHint: "lokaal team, casusregisseur",
  handOverText: "Toelichting",
  timeline: "Logboek",
  fresh: (count) => `${count} ${count === 1 ? "nieuwe melding" : "nieuwe meldingen"}: toon in volgorde`,
  left: (now) => `Nu ${now}`,
  misfit: (button, now) => `'${button}' past niet: de melding was ${now}`,
  closedHere: "Afgesloten. Een nieuwe druk op de knop opent een nieuwe melding.",
  gateway: "de gateway",
  omitted: (count) => `${count} oudere regels staan in het journaal`,
  by: (name) => `door ${name}`,
  other: (name) => `${name}:`,
  none: "geen",
};

export const connection = {
  connected: "Verbonden",
  delayed: (seconds) => `Vertraagd: ${seconds} s niets van de server gehoord.`,
  lost: "Verbinding verbroken. De meldingen hieronder zijn de laatst bekende; er wordt opnieuw verbonden.",
  broker: "De console heeft geen verbinding met de broker. De meldingen hieronder zijn de laatst bekende; acties zijn nu niet mogelijk.",
  gatewayDown: "De gateway is niet actief. Nieuwe meldingen en acties komen nu niet door.",
  gatewaySilent: "De gateway laat niets horen. Nieuwe meldingen kunnen uitblijven.",
  gatewayUnknown: "Wacht op de gateway.",
  kept: (count) => `${count === 1 ? "1 actie is" : `${count} acties zijn`} nog niet bevestigd en op deze pagina bewaard; verstuur opnieuw bij de melding.`,
  unverified: (count) => `${count} melding(en) worden bij de gateway nagevraagd na een onderbreking.`,
  turnedAway: (count) => `Het bord is vol: ${count} melding(en) staan alleen bij de gateway.`,
  refused: (count) => `${count} bericht(en) waren niet voor deze console en zijn geweigerd.`,
  clockAhead: (seconds) => `De klok van deze werkplek loopt ${seconds} s achter op de server. Alle tijden hier zijn van de server.`,
  clockBehind: (seconds) => `De klok van deze werkplek loopt ${seconds} s voor op de server. Alle tijden hier zijn van de server.`,
  badges: {
    connected: "Verbonden",
    delayed: "Vertraagd",
    lost: "Verbroken",
    broker: "Geen broker",
    gatewayDown: "Gateway weg",
    gatewaySilent: "Gateway stil",
    gatewayUnknown: "Wacht op gateway",
  },
};

// Why an action was not taken, by the server's code for it.
export const problems = {
  not_connected: "geen verbinding met de broker; de actie is niet verstuurd.",
  busy: "er wachten te veel acties op antwoord; de actie is niet verstuurd.",
  unknown: "geen antwoord van de gateway; het is niet bekend of de actie is uitgevoerd.",
  gone: "de gateway heeft deze melding niet (meer).",
  read_only: "dit account mag alleen meekijken.",
  forbidden: "de sessie van deze pagina klopt niet meer; laad de pagina opnieuw.",
  unauthorized: "u bent afgemeld; meld u opnieuw aan.",
  unknown_alarm: "deze melding is op deze console niet bekend.",
  other: "de console kon de aanvraag niet verwerken.",
};

export const results = {
  done: (button) => `${button}: uitgevoerd.`,
  refusedBy: (name, now) => `Geweigerd: ${name} was eerder. De melding is nu: ${now}.`,
  refused: (now) => `Geweigerd: dit past niet bij de melding zoals die nu is: ${now}.`,
  unreachable: "De console is niet bereikbaar; het is niet bekend of de actie is uitgevoerd.",
  failed: (why) => `Niet uitgevoerd: ${why}`,
  unsure: (why) => `Onzeker: ${why}`,
};

export const sound = {
  start: "Dienst starten",
  off: "GELUID UIT",
  offLong: "Het geluid staat uit: start uw dienst om alarmen te horen.",
  on: "Geluid aan",
  blocked: "GELUID GEBLOKKEERD",
  silence: "Dempen 30 s",
  silenced: (seconds) => `Gedempt, nog ${seconds} s`,
  stop: "Geluid uitzetten",
};

export const prefs = {
  menu: "Voorkeuren van deze werkplek",
  language: "Taal",
  flash: "Symbolen laten knipperen",
  keys: "Sneltoetsen gebruiken",
  help: "Sneltoetsen tonen",
  pages: { supervision: "Toezicht", history: "Geschiedenis" },
  close: "Sluiten",
};

// In the order of the list that '?' shows.

export const spoken = {
  raised: (priority, place) => `Nieuwe melding, prio ${priority}, ${place}`,
  test: (place) => `Nieuwe testmelding, ${place}`,
};
