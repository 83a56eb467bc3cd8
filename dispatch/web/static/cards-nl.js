// The guidance card in Dutch, built on what helps against stalking (docs/domain.md).

export const guidance = {
  title: "Handelingskaart",
  doTitle: "Doen",
  neverTitle: "Nooit doen",
  callTitle: "Wie bellen",
  example: "Voorbeeldtekst van deze simulatie; uw organisatie stelt haar eigen kaart vast.",
  duress: "Stil alarm: de pleger is misschien in de kamer. Bel de bewoner niet; kom zonder geluid.",
  cancel: "Een annulering stopt niets: alleen wie de bewoner zelf heeft gesproken, sluit af.",
  test: "Testmelding: handel haar af als een echte, maar stuur niemand.",
  police: {
    todo: {
      accept: "Neem aan en stuur de dichtstbijzijnde vrije eenheid.",
      read: "Geef de eenheid de Afspraak op Locatie, de aanrijroute, het signalement en de wapens door.",
      orders: "Noem een contactverbod of straatverbod: dan telt ook een bezoek zonder geweld.",
      evidence: "Laat berichten, brieven en beelden bewaren en leg vast wat er gezien is.",
    },
    never: {
      calm: "Een druk afdoen als vals alarm zonder de bewoner in persoon te spreken.",
      mediate: "Bemiddelen tussen bewoner en pleger, of de bewoner laten antwoorden.",
      tell: "De pleger laten merken dat er op de knop is gedrukt.",
    },
    call: {
      thuis: "Veilig Thuis Hollands Midden: ziet deze melding al; 0800-2000.",
      agent: "De wijkagent, voor een stopgesprek zolang het niet is geëscaleerd.",
      victims: "Slachtofferhulp Nederland, voor hulp bij de aangifte.",
    },
  },
  veilig_thuis: {
    todo: {
      accept: "Neem aan en volg de politie; zij rijdt, u beoordeelt de veiligheid.",
      children: "Kijk wie er in huis wonen, eerst de kinderen, en waar zij nu veilig zijn.",
      assess: "Leg de veiligheidsbeoordeling vast: acuut meteen, anders binnen vijf werkdagen.",
      signs: "Loop de tien signalen van stalking na en vul het dossier aan.",
    },
    never: {
      mediate: "Bemiddelen, of contact met de pleger als voorwaarde stellen.",
      address: "Een schuiladres noemen tegen wie dan ook.",
      wait: "Wachten met 112 als iemand nu gevaar loopt.",
    },
    call: {
      danger: "Nu gevaar: 112. Anders de politie: 0900-8844.",
      victims: "Slachtofferhulp Nederland, voor hulp bij de aangifte en een verbod.",
      local: "Het lokale team of de casusregisseur, voor de overdracht.",
    },
  },
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
