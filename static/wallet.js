// The card's clock. It shows the server's time in Warsaw, so that a phone whose clock is wrong shows the right
// one; what has passed since is the larger of two measures, since one of them stands still in sleep.
(() => {
  "use strict";
  const clock = document.getElementById("clock");
  if (!clock) return;

  const pause = document.getElementById("pause");
  const says = document.getElementById("pause-says");
  const day = document.getElementById("day");
  const still = matchMedia("(prefers-reduced-motion: reduce)");
  const language = document.documentElement.lang === "en" ? "en-GB" : "pl-PL";
  const begin = { server: Number(clock.dataset.now), wall: Date.now(), steady: performance.now() };
  const warsaw = (options) => new Intl.DateTimeFormat(language, { timeZone: "Europe/Warsaw", ...options });
  const minutes = warsaw({ hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  const seconds = warsaw({ hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
  const days = warsaw({ day: "numeric", month: "long", year: "numeric" });
  let waiting = 0;

  function now() {
    return begin.server + Math.max(performance.now() - begin.steady, Date.now() - begin.wall, 0);
  }

  function tick() {
    clearTimeout(waiting);
    if (pause.checked) return;
    const time = now();
    clock.textContent = (still.matches ? minutes : seconds).format(time);
    clock.dateTime = new Date(time).toISOString();
    day.textContent = days.format(time);
    const step = still.matches ? 60_000 : 1000;
    waiting = setTimeout(tick, step - (time % step));
  }

  pause.addEventListener("change", () => {
    says.textContent = pause.checked ? says.dataset.paused : says.dataset.running;
    tick();
  });
  still.addEventListener("change", tick);
  // A page that comes back from the browser's memory or to the front is late.
  addEventListener("pageshow", tick);
  document.addEventListener("visibilitychange", tick);
  tick();
})();
