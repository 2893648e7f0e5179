// Small comforts; every page works without them.
"use strict";

// Copy buttons appear only where a clipboard can be written.
if (navigator.clipboard) {
  for (const box of document.querySelectorAll(".copy")) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = "Copy";
    button.addEventListener("click", async () => {
      const source = box.querySelector("input, pre");
      await navigator.clipboard.writeText(source.value ?? source.textContent);
      button.textContent = "Copied";
      setTimeout(() => { button.textContent = "Copy"; }, 1500);
    });
    box.append(button);
  }
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
    const no = document.createElement("button");
    no.textContent = "Cancel";
    yes.addEventListener("click", () => { form.dataset.confirmed = "yes"; form.requestSubmit(); });
    no.addEventListener("click", () => dialog.close());
    dialog.addEventListener("close", () => dialog.remove());
    row.append(yes, no);
    dialog.append(text, row);
    document.body.append(dialog);
    dialog.showModal();
    no.focus();
  });
}

// Relative times stay true while a page is open.
const units = [["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]];
const words = new Intl.RelativeTimeFormat(document.documentElement.lang, { numeric: "auto" });
const refreshTimes = () => {
  for (const time of document.querySelectorAll("time[datetime]")) {
    const seconds = (new Date(time.dateTime) - Date.now()) / 1000;
    const [unit, size] = units.find(([, size]) => Math.abs(seconds) >= size) ?? units[3];
    // As the server words it, so that nothing moves when the page has loaded.
    time.textContent = Math.abs(seconds) < 5 ? words.format(0, "second") : words.format(Math.trunc(seconds / size), unit);
    time.title = new Date(time.dateTime).toLocaleString(undefined, { dateStyle: "full", timeStyle: "long" });
  }
};
refreshTimes();
setInterval(refreshTimes, 15000);

// One more empty row in repeated form rows.
for (const adder of document.querySelectorAll("[data-add]")) {
  adder.hidden = false;
  adder.addEventListener("click", () => {
    const rows = document.querySelectorAll(adder.dataset.add);
    const copy = rows[rows.length - 1].cloneNode(true);
    for (const input of copy.querySelectorAll("input, textarea")) input.value = "";
    for (const select of copy.querySelectorAll("select")) select.selectedIndex = 0;
    rows[rows.length - 1].after(copy);
    copy.querySelector("input").focus();
  });
}
