// Finds the number that shows that a browser has worked for this form, while the visitor fills it in. Without it the form
// still works: it is taken a few seconds later.
"use strict";
(() => {
  const form = document.getElementById("ask");
  if (!form || !window.crypto || !crypto.subtle) return;
  const bits = Number(form.dataset.bits), ticket = form.elements.ticket.value, field = form.elements.proof;
  const bytes = new TextEncoder();
  const fits = (hash) => new DataView(hash).getUint32(0) >>> (32 - bits) === 0 || bits === 0;
  const find = async () => {
    for (let first = 0; ; first += 256) {
      const hashes = await Promise.all(Array.from({ length: 256 }, (_, i) => crypto.subtle.digest("SHA-256", bytes.encode(`${ticket}.${first + i}`))));
      const at = hashes.findIndex(fits);
      if (at >= 0) return String(first + at);
    }
  };
  let found = null;
  const start = () => (found ??= find().then((proof) => { field.value = proof; }));
  form.addEventListener("focusin", start, { once: true });
  form.addEventListener("submit", (event) => {
    if (field.value) return;
    event.preventDefault();
    start().then(() => form.submit());
  });
})();
