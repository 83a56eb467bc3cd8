// Chooses an alarm and brings the beginning of its detail into sight: on a narrow screen that stands
// below the queue.

import { select } from "./store.js";

export function show(alarmId, { focus = false } = {}) {
  select(alarmId);
  // After the frame that draws it.
  requestAnimationFrame(() =>
    requestAnimationFrame(() => {
      const detail = document.querySelector("aside.detail");
      if (!detail) return; // signed out meanwhile
      if (focus) detail.focus({ focusVisible: true, preventScroll: true });
      detail.scrollTop = 0;
      if (matchMedia("(max-width: 60rem)").matches) detail.scrollIntoView({ block: "start" });
    }),
  );
}
