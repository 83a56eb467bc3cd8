// Tells the server which alarms, in which version, were really on this screen: drawn, in sight,
// and on a page that shows. It looks after the frame and beside it, and never more often than
// this, so that it holds up no drawing.

const LOOK_EVERY_MS = 250;
const PAIRS_MAX = 40; // in one message of at most 4 kB
const KNOWN_MAX = 5_000;

const told = new Map(); // alarm id -> the version that was told
let planned = 0;

export function lookLater(send) {
  planned ||= setTimeout(() => {
    planned = 0;
    look(send);
  }, LOOK_EVERY_MS);
}

// After an interruption everything is told again; the server keeps what was first.
export function tellAgain() {
  told.clear();
}

function look(send) {
  const lists = document.querySelector(".lists");
  if (document.hidden || !lists) return;
  if (told.size > KNOWN_MAX) told.clear();
  const seen = [];
  for (const row of lists.querySelectorAll("tr[data-alarm]")) {
    const { alarm, version } = row.dataset;
    if (told.get(alarm) !== version && inSight(row, lists)) seen.push([alarm, version]);
  }
  for (let at = 0; at < seen.length; at += PAIRS_MAX) {
    const pairs = seen.slice(at, at + PAIRS_MAX);
    const rows = pairs.map(([alarm, version]) => [alarm, Number(version)]);
    if (!send({ type: "painted", rows })) return;
    for (const [alarm, version] of pairs) told.set(alarm, version);
  }
}

function inSight(row, lists) {
  const { top, bottom } = row.getBoundingClientRect();
  const frame = lists.getBoundingClientRect();
  return bottom > Math.max(frame.top, 0) && top < Math.min(frame.bottom, innerHeight);
}
