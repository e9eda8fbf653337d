// The page as HTML, or null if it is longer than `cap` (UTF-16 units). Runs in a world of its own, where the page's
// scripts cannot have changed anything; methods are taken from prototypes, because names in a page hide a document's own.
cap => {
  const root = Document.prototype.querySelector.call(document, ":root");
  if (!root) return "";
  const inside = Object.getOwnPropertyDescriptor(Element.prototype, "shadowRoot").get;
  const roots = [];
  const walk = from => {
    for (const element of (from === document ? Document : DocumentFragment).prototype.querySelectorAll.call(from, "*")) {
      const shadow = inside.call(element);
      if (shadow) { roots.push(shadow); walk(shadow); }
    }
  };
  walk(document);
  const flat = text => (text.length > cap ? null : text);
  if (!roots.length || !root.getHTML) return flat(root.outerHTML);
  const text = root.getHTML({ shadowRoots: roots });
  if (text.length > cap) return null;
  // A copy without scripts, in which each shadow root takes its host's place and each slot what was put into it.
  const copy = new DOMParser().parseFromString(text, "text/html");
  for (const { name, value } of root.attributes) copy.documentElement.setAttribute(name, value);
  for (let shadow; (shadow = copy.querySelector("template[shadowrootmode]"));) {
    const host = shadow.parentNode;
    shadow.remove();
    const light = [...host.childNodes];
    for (const slot of shadow.content.querySelectorAll("slot")) {
      const mine = light.filter(node => (node.slot || "") === slot.name);
      if (mine.length) slot.replaceChildren(...mine);
      slot.replaceWith(...slot.childNodes);
    }
    host.replaceChildren(shadow.content);
  }
  return flat(copy.documentElement.outerHTML);
}
