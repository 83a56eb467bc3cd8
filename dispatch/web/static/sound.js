// The sound of waiting alarms. A browser plays nothing before a gesture, so 'Dienst starten' has
// to be pressed; until then the page says that the sound is off.
//
// Priority 1 has a tone of its own. A test never sounds it. Silencing is not accepting: the sound
// is back after 30 s, and at once with a new alarm.

const SILENCE_MS = 30_000;
const EVERY_MS = 2_000;
// [frequency in Hz, start in s, length in s]
const TONES = {
  p1: [
    [880, 0, 0.18],
    [660, 0.22, 0.18],
    [880, 0.44, 0.18],
    [660, 0.66, 0.18],
  ],
  other: [[520, 0, 0.25]],
};
const LOUDNESS = 0.25;

let context = null;
let silencedUntil = 0;
let playedAt = -Infinity;
let knownIds = new Set();

export async function start() {
  context ??= new AudioContext();
  await context.resume();
  playedAt = -Infinity;
}

export function stop() {
  void context?.close();
  context = null;
}

export const silence = () => (silencedUntil = performance.now() + SILENCE_MS);

// Which tone the waiting alarms ask for.
function wanted(open) {
  const real = open.filter(({ view }) => !view.test);
  if (real.some(({ view }) => view.priority === 1)) return "p1";
  return open.length ? "other" : "none";
}

// Call it often: it plays what is due and returns how the sound is now.
export function tend(open) {
  const now = performance.now();
  if (open.some((row) => !knownIds.has(row.alarm_id))) silencedUntil = 0;
  knownIds = new Set(open.map((row) => row.alarm_id));
  const tone = wanted(open);
  if (!context) return { name: "off", tone: "none" };
  if (context.state !== "running") return { name: "blocked", tone: "none" };
  if (now < silencedUntil) {
    return { name: "silenced", tone: "none", seconds: Math.ceil((silencedUntil - now) / 1_000) };
  }
  if (tone !== "none" && now - playedAt >= EVERY_MS) {
    playedAt = now;
    play(TONES[tone]);
  }
  return { name: "on", tone };
}

function play(tone) {
  for (const [frequency, startS, lengthS] of tone) {
    const at = context.currentTime + startS;
    const gain = new GainNode(context, { gain: 0 });
    gain.gain.setValueAtTime(0, at);
    gain.gain.linearRampToValueAtTime(LOUDNESS, at + 0.02);
    gain.gain.setValueAtTime(LOUDNESS, at + lengthS - 0.03);
    gain.gain.linearRampToValueAtTime(0, at + lengthS);
    const oscillator = new OscillatorNode(context, { frequency });
    oscillator.connect(gain).connect(context.destination);
    oscillator.start(at);
    oscillator.stop(at + lengthS);
  }
}
