// Shows a check's events as they come. Without it the page loads itself anew.
"use strict";
(() => {
  const live = document.getElementById("live");
  if (!live || !window.EventSource) return;
  const put = (id, text) => { document.getElementById(id).textContent = text; };
  const add = (id, text, most) => {
    const list = document.getElementById(id), item = document.createElement("li");
    item.textContent = text;
    list.prepend(item);
    while (list.children.length > most) list.lastChild.remove();
  };
  const last = Number(live.dataset.last);
  let unread = Number(document.getElementById("unread").textContent);
  const source = new EventSource(live.dataset.events);
  const on = (name, act) => source.addEventListener(name, (event) => { if (Number(event.lastEventId) > last) act(JSON.parse(event.data)); });
  on("started", () => put("state", "Reading."));
  on("page", (e) => { put("read", e.read); put("known", e.known); add("latest", e.title || e.address, 12); });
  on("unread", () => put("unread", ++unread));
  on("indexed", () => put("state", "Answering."));
  on("factor", (e) => { put("done", e.done); put("of", e.of); });
  on("warning", (e) => add("warnings", e.text, 20));
  on("retrying", (e) => { put("state", "Trying again soon."); add("warnings", e.detail, 20); });
  for (const name of ["done", "failed", "cancelled"]) on(name, () => { source.close(); location.reload(); });
})();
