// The overview goes on counting while it is open. What changed is written in its place; what would move under somebody's hand or eyes waits.
"use strict";
{
  // Seldom: a number that grows by a digit may still move what stands beside it.
  const CALM_MS = 60000;
  const parts = (root) => [...root.querySelectorAll("[data-calm]")];
  const links = (part) => [...part.querySelectorAll("a[href]")].map((link) => link.getAttribute("href")).join();
  const lines = (part) => part.querySelectorAll("tr, .note").length;
  let isAway = false;
  let isLooking = false;

  // Makes `old` say what `fresh` says. Nodes stay, so that focus, scrolling and what is unfolded stay with them.
  const rewrite = (old, fresh) => {
    if (old.isEqualNode(fresh)) return;
    if (old.nodeName !== fresh.nodeName || old.childNodes.length !== fresh.childNodes.length) {
      old.replaceWith(document.importNode(fresh, true));
      return;
    }
    if (old.nodeType === Node.TEXT_NODE) old.data = fresh.data;
    for (const { name, value } of fresh.attributes ?? []) if (name !== "open") old.setAttribute(name, value);
    for (const { name } of [...old.attributes ?? []]) if (name !== "open" && !fresh.hasAttribute(name)) old.removeAttribute(name);
    const children = [...fresh.childNodes];
    [...old.childNodes].forEach((child, at) => rewrite(child, children[at]));
  };

  // Somebody is about to follow a link that would lead elsewhere, or has the lines above in view that would push the rest down.
  const mayChange = (old, fresh) => {
    if (!document.getSelection().isCollapsed && old.contains(document.getSelection().anchorNode)) return false;
    if (links(old) !== links(fresh) && old.matches(":hover, :focus-within")) return false;
    return lines(old) === lines(fresh) || isAway || old === parts(document).at(-1);
  };

  const look = async () => {
    if (isLooking || document.hidden || document.querySelector("dialog[open]")) return;
    isLooking = true;
    try {
      const response = await fetch(location.href, { headers: { accept: "text/html" }, signal: AbortSignal.timeout(CALM_MS) });
      // The session is over.
      if (response.redirected) location.reload();
      if (!response.ok || response.redirected) return;
      const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
      const names = (root) => parts(root).map((part) => part.id).join();
      let isWhole = names(fresh) === names(document);
      if (names(fresh) !== names(document)) {
        // The first event came, or the last trouble went: the page is another one now.
        if (isAway && names(fresh)) location.reload();
      }
      for (const old of parts(document)) {
        const now = fresh.getElementById(old.id);
        if (!now || old.id === "as-of") continue;
        if (mayChange(old, now)) rewrite(old, now);
        else isWhole = false;
      }
      // What it dates is all there.
      const [asOf, asOfNow] = [document, fresh].map((root) => root.querySelector("#as-of"));
      if (isWhole && asOf && asOfNow) rewrite(asOf, asOfNow);
      refreshTimes();
      isAway = false;
    } catch { /* It asks again. */ } finally { isLooking = false; }
  };
  setInterval(look, CALM_MS);
  // Whoever comes back to the page sees what is, wherever it stands.
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) return;
    isAway = true;
    look();
  });
}
