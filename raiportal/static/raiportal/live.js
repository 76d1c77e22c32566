/* Times and clocks that stay true while a page is open. */
(() => {
  "use strict";
  const REFRESH_MS = 30000;

  /* The same words as formats.ago on the server. */
  function relative(moment, now) {
    const seconds = (now - moment) / 1000;
    const span = Math.abs(seconds);
    if (span < 60) return seconds >= 0 ? "just now" : "in a moment";
    const days = Math.floor(span / 86400);
    const words =
      span < 3600 ? `${Math.floor(span / 60)}\u00a0min` : span < 86400 ? `${Math.floor(span / 3600)}\u00a0h` : `${days}\u00a0${days === 1 ? "day" : "days"}`;
    return seconds > 0 ? `${words} ago` : `in ${words}`;
  }

  function refreshTimes() {
    const now = Date.now();
    for (const time of document.querySelectorAll("time[data-relative]")) {
      const moment = Date.parse(time.dateTime);
      if (Math.abs(now - moment) < 7 * 86400000) time.textContent = relative(moment, now);
    }
  }

  /* The same words as clocks.py on the server: the two largest units, no seconds. */
  function span(seconds) {
    const minutes = Math.floor(seconds / 60);
    const parts = [
      [Math.floor(minutes / 1440), "d"],
      [Math.floor(minutes / 60) % 24, "h"],
      [minutes % 60, "min"],
    ];
    const first = parts.findIndex(([count]) => count);
    if (first < 0) return "under 1\u00a0min";
    return parts
      .slice(first, first + 2)
      .filter(([count]) => count)
      .map(([count, unit]) => `${count}\u00a0${unit}`)
      .join(" ");
  }

  const CLOCKS = { running: ["", "running", "info", "left"], soon: ["soon", "clock", "warn", "left"], over: ["over", "fails", "bad", "over"] };
  const SOON_SHARE = 0.75;
  const GOAL_SHARE = 0.8;

  function refreshClocks() {
    const now = Date.now();
    for (const clock of document.querySelectorAll(".clock[data-due]")) {
      const due = Date.parse(clock.dataset.due);
      const passed = (now - Date.parse(clock.dataset.started)) / (due - Date.parse(clock.dataset.started));
      const [css, shape, tone, unit] = CLOCKS[now > due ? "over" : passed >= SOON_SHARE ? "soon" : "running"];
      clock.className = `clock ${css}`.trim();
      clock.querySelector(".state").className = `state ${tone}`;
      const use = clock.querySelector("use");
      use.setAttribute("href", use.getAttribute("href").replace(/#.*/, `#${shape}`));
      clock.querySelector(".time > span").textContent = span(Math.abs(due - now) / 1000);
      clock.querySelector(".time > small").textContent = unit;
      clock.querySelector(".bar").setAttribute("width", `${Math.min(Math.max(passed, 0) * GOAL_SHARE, 1) * 100}%`);
    }
  }

  setInterval(refreshTimes, REFRESH_MS);
  setInterval(refreshClocks, REFRESH_MS);
})();
