// The delivery log: live tail, keys, and the count of what is selected. The page works without.
"use strict";
{
  // Rows that stay on the page while it is watched; older ones fall off at the bottom.
  const ROWS_LIMIT = 200;
  const rows = document.getElementById("rows");
  const table = rows.closest(".scroll");
  const live = document.getElementById("live");
  const state = document.getElementById("live-state");

  // --- Live tail -------------------------------------------------------------------------------------------------------------------
  let stream = null;
  let wanted = false;
  let fresh = 0;

  const read = (html) => {
    const holder = document.createElement("template");
    holder.innerHTML = html;
    return holder.content.querySelector("tr");
  };

  // A row that is there already is changed in its place, and stays selected and focused.
  const put = (html, mayBeNew) => {
    const row = read(html);
    const old = document.getElementById(row.id);
    if (!old && !mayBeNew) return;
    if (old) {
      const held = old.contains(document.activeElement) ? document.activeElement : null;
      const box = old.querySelector("input[type=checkbox]");
      if (box?.checked) row.querySelector("input[type=checkbox]").checked = true;
      if (held) {
        const place = [...old.querySelectorAll("a, input")].indexOf(held);
        old.replaceWith(row);
        row.querySelectorAll("a, input")[place]?.focus({ preventScroll: true });
      } else {
        old.replaceWith(row);
      }
      return;
    }
    // Ids order by time: what comes late still finds its place.
    const next = [...rows.children].find((other) => other.id < row.id);
    if (!next && rows.children.length >= ROWS_LIMIT) return;
    row.classList.add("fresh");
    if (next) next.before(row); else rows.append(row);
    fresh += 1;
    while (rows.children.length > ROWS_LIMIT) {
      const last = rows.lastElementChild;
      if (last.contains(document.activeElement)) break;
      last.remove();
    }
    table.hidden = false;
    document.getElementById("none")?.remove();
    if (resend) resend.parentElement.hidden = false;
  };

  // Sentences come with the page, in the reader's language.
  const said = state.dataset;
  const counted = (sentence, number) => sentence.replace("{count}", number);
  const tell = (text) => { state.textContent = text; state.hidden = false; };
  const listen = () => {
    if (stream) return;
    let first = true;
    stream = new EventSource(live.dataset.tail);
    stream.addEventListener("open", () => { first = true; tell(fresh > 0 ? counted(said.new, fresh) : said.watching); });
    stream.addEventListener("row", (event) => { put(event.data, true); if (!first) tell(counted(said.new, fresh)); first = false; refreshTimes(); count(); });
    stream.addEventListener("change", (event) => { put(event.data, false); refreshTimes(); });
    stream.addEventListener("error", () => {
      if (stream?.readyState === EventSource.CLOSED) { stop(); tell(said.ended); } else tell(said.again);
    });
  };
  const silence = () => { stream?.close(); stream = null; };
  const stop = () => {
    wanted = false;
    silence();
    live.setAttribute("aria-pressed", "false");
    live.textContent = fresh > 0 ? live.dataset.resume : live.dataset.watch;
  };
  const start = () => {
    wanted = true;
    live.setAttribute("aria-pressed", "true");
    live.textContent = live.dataset.pause;
    tell(said.connecting);
    listen();
  };
  const toggle = () => { if (wanted) { stop(); tell(counted(said.paused, fresh)); } else start(); };
  if (live) {
    live.addEventListener("click", toggle);
    // A page that nobody looks at holds no connection; a browser has only six for a site.
    document.addEventListener("visibilitychange", () => { if (wanted) { if (document.hidden) silence(); else listen(); } });
  }

  // --- Selection -------------------------------------------------------------------------------------------------------------------
  const resend = document.getElementById("resend");
  const selected = document.getElementById("selected");
  const boxes = () => [...rows.querySelectorAll("input[type=checkbox]")];
  function count() {
    if (!resend) return;
    const chosen = boxes().filter((box) => box.checked).length;
    resend.disabled = chosen === 0;
    resend.textContent = chosen === 0 ? resend.dataset.none : counted(resend.dataset.some, chosen);
    // Asked is only where something would arrive once more.
    const arrived = boxes().some((box) => box.checked && box.closest("tr").querySelector(".chip.good"));
    if (arrived) delete resend.form.dataset.confirmed; else resend.form.dataset.confirmed = "yes";
    resend.parentElement.classList.toggle("some", chosen > 0);
    selected.textContent = chosen === 0 ? selected.dataset.none : counted(selected.dataset.some, chosen);
    const all = document.getElementById("all");
    if (all) { all.checked = chosen > 0 && chosen === boxes().length; all.indeterminate = chosen > 0 && !all.checked; }
  }
  if (resend) {
    document.getElementById("all").addEventListener("change", (event) => { for (const box of boxes()) box.checked = event.target.checked; count(); });
    rows.addEventListener("change", count);
    document.getElementById("unselect").addEventListener("click", () => { for (const box of boxes()) box.checked = false; count(); document.getElementById("all").focus({ preventScroll: true }); });
    count();
  }

  // --- Keys ------------------------------------------------------------------------------------------------------------------------
  const help = document.getElementById("help");
  const keys = document.getElementById("keys");
  keys.addEventListener("click", () => help.showModal());
  const current = () => document.activeElement?.closest?.("#rows > tr");
  const link = (row) => row?.querySelector(".record a");
  const step = (by) => {
    const here = current();
    const goal = here ? (by > 0 ? here.nextElementSibling : here.previousElementSibling) : rows.firstElementChild;
    link(goal)?.focus();
    goal?.scrollIntoView({ block: "nearest" });
  };
  const acts = {
    j: () => step(1),
    k: () => step(-1),
    x: () => { const box = current()?.querySelector("input[type=checkbox]"); if (box) { box.checked = !box.checked; count(); } },
    r: () => { if (resend && !resend.disabled) resend.click(); },
    l: () => { if (live) toggle(); },
    "/": () => document.getElementById("text").focus(),
    "?": () => help.showModal(),
  };
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest?.("input:not([type=checkbox]), textarea, select, dialog");
    if (event.key === "Escape" && event.target.id === "text") event.target.blur();
    if (typing || event.ctrlKey || event.metaKey || event.altKey || !Object.hasOwn(acts, event.key)) return;
    event.preventDefault();
    acts[event.key]();
  });
}
