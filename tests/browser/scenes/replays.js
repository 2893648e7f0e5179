// All that match are made again: from the log's filter, by way of the planner, to the replay's own page.
"use strict";
const assert = require("node:assert");

module.exports = async function replays(day) {
  const { page, api } = day;
  await page.goto("/deliveries?text=Narrowed&period=24h");
  await page.getByRole("link", { name: "Resend all that match" }).click();
  await page.getByRole("heading", { name: "Replay deliveries" }).waitFor();
  const expected = (await api.call("GET", "/deliveries?text=Narrowed")).data.length;
  await page.getByText(new RegExp(`^${expected} deliver(y|ies) match`)).waitFor();
  // What arrived is left out at first; a changed choice counts again by itself, and is what is sent.
  const leftOut = page.locator("#which").getByText("what has not arrived and is not on its way");
  await leftOut.waitFor();
  await page.getByLabel("Leave out what arrived already or is on its way").uncheck();
  await leftOut.waitFor({ state: "hidden" });
  await page.getByRole("button", { name: /^Send \d+ deliver(y|ies) again$/ }).click();
  await page.getByRole("heading", { name: "Replay", exact: true }).waitFor();
  await page.getByText(`of ${expected} matching deliveries looked at`).waitFor();
  await page.getByRole("link", { name: "Replays", exact: true }).click();
  assert.ok(await page.locator("tbody tr").count() > 0);
};
