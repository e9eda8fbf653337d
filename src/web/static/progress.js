// Shows a check's events as they come. Without it the page loads itself anew.
"use strict";
(() => {
  const live = document.getElementById("live");
  if (!live || !window.EventSource) return;
  const at = (id) => document.getElementById(id);
  const put = (id, text) => { at(id).textContent = text; };
  const bar = (id, value, max) => { at(id).max = Math.max(max, 1); at(id).value = value; };
  const add = (id, most, text, small) => {
    const list = at(id), item = document.createElement("li");
    item.textContent = text;
    if (small) item.append(Object.assign(document.createElement("small"), { textContent: small }));
    list.prepend(item);
    while (list.children.length > most) list.lastChild.remove();
  };
  // Time left of this stage, from the pace since this page was opened; nothing is said before a few steps are seen.
  const pace = () => {
    let first = null;
    return (value, max) => {
      first ??= { value, time: performance.now() };
      const steps = value - first.value, left = max - value;
      if (steps < 4 || left <= 0) return put("left", "");
      const seconds = Math.ceil((performance.now() - first.time) / steps * left / 1000);
      put("left", seconds < 90 ? `About ${seconds} s left for this part.` : `About ${Math.ceil(seconds / 60)} min left for this part.`);
    };
  };
  const pages = pace(), factors = pace();
  const last = Number(live.dataset.last);
  let unread = Number(at("unread").textContent);
  const source = new EventSource(live.dataset.events);
  const on = (name, act) => source.addEventListener(name, (event) => { if (Number(event.lastEventId) > last) act(JSON.parse(event.data)); });
  on("started", () => put("state", "Reading."));
  on("page", (e) => { put("read", e.read); put("known", e.known); bar("pages-bar", e.read, e.known); pages(e.read, e.known); add("latest", 12, e.title || e.address, e.reason); });
  on("unread", () => put("unread", ++unread));
  on("indexed", () => { put("state", "Answering."); put("left", ""); });
  on("factor", (e) => { put("done", e.done); put("of", e.of); bar("factors-bar", e.done, e.of); factors(e.done, e.of); });
  on("warning", (e) => add("warnings", 20, e.text));
  on("retrying", (e) => { put("state", "Trying again soon."); add("warnings", 20, e.detail); });
  for (const name of ["done", "failed", "cancelled"]) on(name, () => { source.close(); location.reload(); });
})();
