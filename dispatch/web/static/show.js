// Chooses an alarm and brings the beginning of its detail into sight: on a narrow screen that stands
// below the queue.

import { select } from "./store.js";

const aside = () => document.querySelector("aside.detail");

export function show(alarmId, { focus = false } = {}) {
  select(alarmId);
  // After the frame that draws it.
  requestAnimationFrame(() =>
    requestAnimationFrame(() => {
      if (focus) aside().focus({ focusVisible: true, preventScroll: true });
      aside().scrollTop = 0;
      if (matchMedia("(max-width: 60rem)").matches) aside().scrollIntoView({ block: "start" });
    }),
  );
}
