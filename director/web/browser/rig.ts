/** What the tests keep in a page to know when it has come to rest. */
export interface Rigged {
  test: {
    /** What the page has asked of the Director and waits for; streams that tell of changes are not among it. */
    asked: string[];
    /** How often the page has changed. */
    changes: number;
    /** When it changed last, in milliseconds since it was asked for. */
    changed: number;
    /** The headings that the page has had, in order. */
    headings: string[];
    /** How long scripts kept it from answering, in milliseconds, where that was more than 50. */
    tasks: number[];
    /** Messages of what was done stay until the next look. */
    hold: boolean;
  };
}

/** Runs in every page before its own scripts. */
export function rig(): void {
  const test: Rigged["test"] = { asked: [], changes: 0, changed: 0, headings: [], tasks: [], hold: false };
  (window as unknown as Rigged).test = test;
  const fetch = window.fetch.bind(window);
  window.fetch = async (...request) => {
    const [what] = request;
    const path = new URL(what instanceof Request ? what.url : what, window.location.href).pathname;
    test.asked.push(path);
    const over = () => test.asked.splice(test.asked.indexOf(path), 1);
    try {
      const answer = await fetch(...request);
      if (answer.headers.get("content-type")?.startsWith("application/connect")) over();
      else void answer.clone().arrayBuffer().catch(() => undefined).finally(over);
      return answer;
    } catch (error) {
      over();
      throw error;
    }
  };
  new PerformanceObserver((list) => test.tasks.push(...list.getEntries().map((e) => e.duration))).observe({ type: "longtask", buffered: true });
  new MutationObserver(() => {
    test.changes++;
    test.changed = performance.now();
    const heading = document.querySelector("h1")?.textContent;
    if (heading && heading !== test.headings.at(-1)) test.headings.push(heading);
  }).observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
  document.addEventListener("animationstart", (e) => {
    if (test.hold && e.target instanceof Element && e.target.hasAttribute("data-timer-status")) e.target.getAnimations().forEach((a) => a.pause());
  }, true);
}
