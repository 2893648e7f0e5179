// For pages beside the builder: a chosen file goes into its text field, a page that waits for its first event looks for it, and the replay
// planner counts again when a choice changes.
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
      const typing = [...document.querySelectorAll("input:not([type=hidden])")].some((input) => input.value !== input.defaultValue || input.checked !== input.defaultChecked);
      const refused = answer && answer.refused_at !== waiting.dataset.refused;
      if ((answer?.event_id || answer?.heard_at || refused) && !typing) { clearInterval(look); location.reload(); }
    } catch { /* It asks again. */ }
  }, POLL_MS);
}

const planner = document.querySelector("form[data-recount]");
const TYPED_MS = 400;
let counts = 0;
const recount = async () => {
  if (!planner.checkValidity()) return;
  const count = ++counts;
  const busy = (is) => { for (const button of planner.querySelectorAll("#send button")) button.disabled = is; };
  const query = new URLSearchParams(new FormData(planner));
  // What is not counted yet is not sent by a quick hand.
  busy(true);
  try {
    const response = await fetch(`/replays/new?${query}`);
    const fresh = new DOMParser().parseFromString(response.ok ? await response.text() : "", "text/html");
    if (count !== counts) return;
    for (const id of ["which", "forecast", "on-the-way", "send"]) {
      const now = fresh.getElementById(id);
      if (now) document.getElementById(id).innerHTML = now.innerHTML;
    }
    history.replaceState(null, "", `/replays/new?${query}`);
  } catch { /* The button counts again. */ }
  if (count === counts) busy(false);
};
planner?.addEventListener("change", (event) => { if (event.target.type !== "number") recount(); });
// A number is counted while it is typed: on leaving its field, the press on a button must not be lost.
let typed;
planner?.addEventListener("input", (event) => {
  if (event.target.type !== "number") return;
  clearTimeout(typed);
  typed = setTimeout(recount, TYPED_MS);
});
