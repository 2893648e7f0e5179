// For pages beside the builder: a chosen file goes into its text field, and a page that waits for its first event looks for it.
"use strict";

for (const input of document.querySelectorAll("[data-into]")) {
  input.addEventListener("change", async () => {
    const [file] = input.files;
    if (file) document.querySelector(input.dataset.into).value = await file.text();
  });
}

const POLL_MS = 2500;
const waiting = document.querySelector("[data-await]");
if (waiting) {
  const look = setInterval(async () => {
    if (document.hidden) return;
    try {
      const response = await fetch(waiting.dataset.await);
      const answer = response.ok && await response.json();
      // A half-typed form must not be lost.
      const typing = [...document.querySelectorAll("input[type=password], input[type=text]")].some((input) => input.value !== input.defaultValue);
      if (answer?.event_id && !typing) { clearInterval(look); location.reload(); }
    } catch { /* It asks again. */ }
  }, POLL_MS);
}
