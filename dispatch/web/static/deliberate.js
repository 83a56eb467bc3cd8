// Tells a deliberate press of a button from the second half of a double-click or a held key.
//
// After 'Aannemen' the row leaves and the next one may lie under the pointer: the second press
// of one movement of the hand must never act on another alarm.

export const APART_MS = 600;
const NEAR_PX = 24;

let last = { at: -Infinity, x: 0, y: 0 };

export function deliberate(event) {
  if (event.detail === 0) return true; // a key; held ones are stopped below
  const { timeStamp: at, clientX: x, clientY: y } = event;
  const near = Math.hypot(x - last.x, y - last.y) < NEAR_PX;
  const again = event.detail > 1 || (near && at - last.at < APART_MS);
  last = { at, x, y };
  return !again;
}

// Typing between two presses shows that the second one is meant.
addEventListener("input", () => (last = { at: -Infinity, x: 0, y: 0 }));

addEventListener("keydown", (event) => {
  if (event.repeat && event.key === "Enter") event.preventDefault();
});
