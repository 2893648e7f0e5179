// Small comforts; every page works without them.
"use strict";

const said = document.body.dataset;

// Copy buttons appear only where a clipboard can be written.
const offerCopy = (box) => {
  if (!navigator.clipboard || box.querySelector("button")) return;
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = said.copy;
  button.addEventListener("click", async () => {
    const source = box.querySelector("input, pre, .codes");
    await navigator.clipboard.writeText(source.value ?? source.textContent.trim());
    button.textContent = said.copied;
    setTimeout(() => { button.textContent = said.copy; }, 1500);
  });
  box.append(button);
};
for (const box of document.querySelectorAll(".copy:not(.plain-copy)")) offerCopy(box);

// What is wrong is marked at its field, with the sentence beside it.
const markProblems = () => {
  for (const link of document.querySelectorAll(".problems a[href^='#']")) {
    const field = document.getElementById(link.hash.slice(1));
    if (!field?.matches("input, select, textarea")) continue;
    link.closest("li").id = `wrong-${field.id}`;
    field.setAttribute("aria-invalid", "true");
    field.setAttribute("aria-describedby", `wrong-${field.id}`);
  }
};
markProblems();

// On a narrow screen, the navigation shows where one is.
const sections = document.querySelector(".side nav");
const section = sections?.querySelector("[aria-current]");
if (section) {
  const edge = () => sections.classList.toggle("moved", sections.scrollLeft > 4);
  sections.addEventListener("scroll", edge, { passive: true });
  const [place, box] = [section.getBoundingClientRect(), sections.getBoundingClientRect()];
  sections.scrollLeft += place.left - box.left - (box.width - place.width) / 2;
  edge();
}

// What is shown once answers a form. Loading the page again shall not send the form again: from here on it is the page of what was made.
const madeHere = document.querySelector("[data-here]");
if (madeHere) history.replaceState(null, "", madeHere.dataset.here);

// What was done is told once: loaded again, the page is the one without the note. Whoever waits for what becomes of it asks for both.
const address = location.href;
const TOLD_ONCE = ["done", "deleted", "count", "held", "hurried", "left", "refused", "unsent"];
const plain = new URL(address);
if (plain.searchParams.has("done") || plain.searchParams.has("deleted")) {
  for (const name of TOLD_ONCE) plain.searchParams.delete(name);
  history.replaceState(null, "", plain);
}

// A menu closes when something else is clicked, and on Escape.
for (const menu of document.querySelectorAll("details.menu")) {
  document.addEventListener("click", (event) => { if (!menu.contains(event.target)) menu.open = false; });
  menu.addEventListener("keydown", (event) => { if (event.key === "Escape") { menu.open = false; menu.querySelector("summary").focus(); } });
}

// Dangerous forms ask first.
for (const form of document.querySelectorAll("form[data-confirm]")) {
  form.addEventListener("submit", (event) => {
    if (form.dataset.confirmed) return;
    event.preventDefault();
    const dialog = document.createElement("dialog");
    const text = document.createElement("p");
    text.textContent = form.dataset.confirm;
    const row = document.createElement("div");
    row.className = "row";
    dialog.className = "ask";
    const yes = document.createElement("button");
    yes.className = "danger";
    yes.textContent = form.querySelector("button").textContent;
    // The server asks whoever it does not know to be asked.
    const answer = document.createElement("input");
    answer.type = "hidden";
    answer.name = "confirmed";
    answer.value = "yes";
    const no = document.createElement("button");
    // What is sent again keeps nothing.
    no.textContent = (form.getAttribute("action") ?? "").endsWith(said.sendsAgain) ? said.cancel : said.keep;
    yes.addEventListener("click", () => { form.dataset.confirmed = "yes"; form.append(answer); form.requestSubmit(); });
    no.addEventListener("click", () => dialog.close());
    dialog.addEventListener("close", () => dialog.remove());
    row.append(yes, no);
    dialog.append(text, row);
    document.body.append(dialog);
    dialog.showModal();
    no.focus();
  });
}

// A second click while the answer is awaited sends nothing twice. On the window: whoever else listens has decided before whether it is sent at all.
const SENT_MS = 30000;
const sent = new Set();
window.addEventListener("submit", (event) => {
  const form = event.target;
  const method = event.submitter?.getAttribute("formmethod") ?? form.getAttribute("method");
  if (event.defaultPrevented || method?.toLowerCase() !== "post") return;
  if (sent.has(form)) { event.preventDefault(); return; }
  sent.add(form);
  // Whoever stopped it and stays on the page may send again.
  setTimeout(() => sent.delete(form), SENT_MS);
});
window.addEventListener("pageshow", () => sent.clear());

// The server shows exact times in the zone of this cookie, unless the account names one. Until it knows the browser's, their titles are put right here.
const page = document.documentElement;
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
const inOwnZone = new Intl.DateTimeFormat("sv-SE", { dateStyle: "short", timeStyle: "medium" });
const zoneName = new Intl.DateTimeFormat(page.lang, { timeZoneName: "short" });
const exact = (at) => `${inOwnZone.format(at)} ${zoneName.formatToParts(at).find((part) => part.type === "timeZoneName").value}`;
const isElsewhere = zone && page.dataset.zone && page.dataset.zone !== zone;
if (isElsewhere) document.cookie = `bluebridge_zone=${zone}; path=/; max-age=31536000; samesite=lax`;

// Relative times stay true while a page is open; worded as the server words them. What it has just sent stays as it is, so that nothing moves while the
// page is made.
const units = [["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]];
const words = new Intl.RelativeTimeFormat(page.lang, { numeric: "always" });
const now = new Intl.RelativeTimeFormat(page.lang, { numeric: "auto" }).format(0, "second");
const showZone = () => {
  if (!isElsewhere) return;
  for (const time of document.querySelectorAll("time[datetime]")) {
    const at = exact(new Date(time.dateTime));
    if ("exact" in time.dataset) time.textContent = at; else time.title = at;
  }
};
const refreshTimes = () => {
  showZone();
  for (const time of document.querySelectorAll("time[datetime]:not([data-exact])")) {
    const seconds = (new Date(time.dateTime) - Date.now()) / 1000;
    const [unit, size] = units.find(([, size]) => Math.abs(seconds) >= size) ?? units[3];
    const { due } = time.dataset;
    const text = due && seconds <= 0 ? due : Math.abs(seconds) < 5 ? now : words.format(Math.trunc(seconds / size), unit);
    if (time.textContent !== text) time.textContent = text;
  }
};
showZone();
setInterval(refreshTimes, 15000);
window.addEventListener("pageshow", (event) => { if (event.persisted) refreshTimes(); });

// A page that tells of something under way looks again until nothing is: then it is loaded anew, with all that can be done.
const AGAIN_MS = 2000;
const lookAgain = async () => {
  if (document.hidden || document.querySelector("dialog[open]")) return;
  try {
    const response = await fetch(address, { headers: { accept: "text/html" } });
    if (!response.ok) return;
    const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
    if (!fresh.querySelector("[data-again]")) { if (location.href === address) location.reload(); else location.replace(address); return; }
    for (const part of document.querySelectorAll("[data-fresh]")) {
      const now = fresh.getElementById(part.id);
      if (now && now.innerHTML !== part.innerHTML) part.innerHTML = now.innerHTML;
    }
    refreshTimes();
  } catch { /* It asks again. */ }
};
if (document.querySelector("[data-again]")) setInterval(lookAgain, AGAIN_MS);

// One more empty row in repeated form rows.
for (const adder of document.querySelectorAll("[data-add]")) {
  adder.hidden = false;
  adder.addEventListener("click", () => {
    const rows = document.querySelectorAll(adder.dataset.add);
    const copy = rows[rows.length - 1].cloneNode(true);
    for (const input of copy.querySelectorAll("input, textarea")) {
      input.value = "";
      for (const name of ["id", "aria-invalid", "aria-describedby"]) input.removeAttribute(name);
    }
    for (const select of copy.querySelectorAll("select")) select.selectedIndex = 0;
    rows[rows.length - 1].after(copy);
    copy.querySelector("input").focus();
  });
}
