// Small comforts; every page works without them.
"use strict";

// Copy buttons appear only where a clipboard can be written.
if (navigator.clipboard) {
  for (const box of document.querySelectorAll(".copy")) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = "Copy";
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(box.querySelector("input").value);
      button.textContent = "Copied";
      setTimeout(() => { button.textContent = "Copy"; }, 1500);
    });
    box.append(button);
  }
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
const refresh = () => {
  for (const time of document.querySelectorAll("time[datetime]")) {
    const seconds = (new Date(time.dateTime) - Date.now()) / 1000;
    const [unit, size] = units.find(([, size]) => Math.abs(seconds) >= size) ?? units[3];
    time.textContent = words.format(Math.round(seconds / size), unit);
    time.title = new Date(time.dateTime).toLocaleString(undefined, { dateStyle: "full", timeStyle: "long" });
  }
};
refresh();
setInterval(refresh, 15000);

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
