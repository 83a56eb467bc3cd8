// The WebSocket to the server: says at once when it breaks, comes back by itself, and then takes
// the whole state again.

const WAIT_MIN_MS = 250;
const WAIT_MAX_MS = 5_000;
const DEAD_AFTER_MS = 8_000; // the server ticks every 2 s

export function connect({ onMessage, onLost }) {
  let waitMs = WAIT_MIN_MS;

  const open = () => {
    const url = new URL("/ws", location.href);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(url);
    let over = false;
    let watchdog = 0;

    const end = () => {
      if (over) return;
      over = true;
      clearTimeout(watchdog);
      socket.close();
      onLost();
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
      waitMs = WAIT_MIN_MS;
      onMessage(JSON.parse(event.data));
    });
    socket.addEventListener("close", end);
    socket.addEventListener("error", end);
  };
  open();
}
