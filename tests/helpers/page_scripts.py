"""What is run inside a page to time what it paints."""

WATCH = """
window.measured = { first: 0, rows: [], frames: [], recording: false };
// The page draws inside a frame: what is posted from there is heard when it was painted.
const channel = new MessageChannel();
const waiting = [];
channel.port1.onmessage = () => waiting.shift()();
const painted = (then) => {
  waiting.push(then);
  channel.port2.postMessage(0);
};
new MutationObserver((changes) => {
  if (!measured.first && document.querySelector("tr[data-alarm]")) {
    measured.first = -1;
    painted(() => { measured.first = performance.now(); });
  }
  const rows = changes
    .filter(({ type }) => type === "attributes")
    .map(({ target: { dataset } }) => [dataset.alarm, Number(dataset.version)]);
  if (rows.length) {
    painted(() => {
      const at = Date.now();
      for (const [alarm, version] of rows) measured.rows.push([alarm, version, at]);
    });
  }
}).observe(document, { subtree: true, childList: true, attributeFilter: ["data-version"] });
const frame = (at) => {
  measured.frames.push(at);
  if (measured.recording) requestAnimationFrame(frame);
};
measured.record = () => {
  measured.frames = [];
  measured.recording = true;
  requestAnimationFrame(frame);
};
measured.take = () => measured.rows.splice(0);
"""
IN_SIGHT = """() => {
  const lists = document.querySelector(".lists").getBoundingClientRect();
  return [...document.querySelectorAll("section.open tr[data-alarm]")]
    .filter((row) => row.getBoundingClientRect().bottom < lists.bottom)
    .map((row) => row.dataset.alarm);
}"""
AT_END = """() => {
  const { scrollTop, clientHeight, scrollHeight } = document.querySelector(".lists");
  return scrollTop + clientHeight >= scrollHeight - 2;
}"""
