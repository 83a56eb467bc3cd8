// The WebSocket to the server: says at once when it breaks, comes back by itself, and then takes
// the whole state again.

const WAIT_MIN_MS = 250;
const WAIT_MAX_MS = 5_000;
const DEAD_AFTER_MS = 8_000; // the server ticks every 2 s

const SIGNED_OUT = 4401;

// `onLost` hears of each broken connection; `admitted` says whether this page may still come in.
export function connect({ onMessage, onLost, admitted }) {
  let waitMs = WAIT_MIN_MS;
  let stopped = false;
  let current = null;

  const open = () => {
    if (stopped) return;
    const url = new URL("/ws", location.href);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(url);
    current = socket;
    let over = false;
    let served = false;
    let watchdog = 0;

    const end = (event) => {
      if (over) return;
      over = true;
      clearTimeout(watchdog);
      socket.close();
      if (stopped) return;
      onLost();
      // A handshake that is refused tells a page nothing, so it has to ask.
      if (event?.code === SIGNED_OUT || !served) void admitted(event?.code === SIGNED_OUT);
      // Jitter, so that pages that lost one server do not all come back in one moment.
      setTimeout(open, waitMs * (0.5 + Math.random() / 2));
      waitMs = Math.min(waitMs * 2, WAIT_MAX_MS);
    };
    const heard = () => {
      clearTimeout(watchdog);
      watchdog = setTimeout(end, DEAD_AFTER_MS);
    };

    heard();
    socket.addEventListener("message", (event) => {
      if (over) return;
      heard();
      served = true;
      waitMs = WAIT_MIN_MS;
      onMessage(JSON.parse(event.data));
    });
    socket.addEventListener("close", end);
    socket.addEventListener("error", end);
  };
  open();
  return {
    stop: () => {
      stopped = true;
      current?.close();
    },
    // Says something to the server; whether it could be said.
    send: (message) => {
      if (current?.readyState !== WebSocket.OPEN) return false;
      current.send(JSON.stringify(message));
      return true;
    },
  };
}
