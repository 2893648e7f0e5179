// The log: live tail that pauses and goes on, filter in the address, keys, selection and resending, export, and one delivery's why.
"use strict";
const assert = require("node:assert");
const fs = require("node:fs");
const { event, post } = require("../world.js");

module.exports = async function log(day) {
  const { page, api, receiver, hook } = day;
  await more(day);

  // Live: what comes in appears on top without a reload, and stops when paused.
  await page.goto("/deliveries");
  const rows = page.locator("#rows > tr");
  await page.getByRole("button", { name: "Watch live" }).click();
  await page.getByText(/^Watching/).waitFor();
  await post(hook, event({ value: { title: "Seen live" } }));
  await rows.filter({ hasText: "Seen live" }).filter({ hasText: "Delivered" }).first().waitFor();
  await page.getByRole("button", { name: "Pause" }).click();
  await page.getByText(/^Paused/).waitFor();
  await post(hook, event({ value: { title: "Came while paused" } }));
  await api.until("the paused one", "/deliveries?text=Came%20while%20paused", (answer) => answer.data.some((one) => one.state === "delivered"));
  assert.strictEqual(await rows.filter({ hasText: "Came while paused" }).count(), 0);
  await page.getByRole("button", { name: "Go on watching" }).click();
  await rows.filter({ hasText: "Came while paused" }).first().waitFor();

  // A filter narrows what is watched as well, and stands in the address.
  await page.goto("/deliveries");
  await page.locator("#text").fill("Narrowed");
  await page.getByRole("button", { name: "Show", exact: true }).click();
  assert.match(page.url(), /text=Narrowed/);
  await page.getByRole("button", { name: "Watch live" }).click();
  await page.getByText(/^Watching/).waitFor();
  await post(hook, event({ value: { title: "Other thing" } }));
  await post(hook, event({ value: { title: "Narrowed thing" } }));
  await rows.filter({ hasText: "Narrowed thing" }).first().waitFor();
  assert.strictEqual(await rows.filter({ hasText: "Other thing" }).count(), 0);
  // What came in on an empty page can be selected like any other.
  await rows.filter({ hasText: "Narrowed thing" }).first().locator("input").check();
  await page.getByText("1 selected.").waitFor();
  await page.getByRole("button", { name: "Resend the 1 selected" }).waitFor();

  // Keys: j and k walk, x selects, / searches, ? helps, Enter opens.
  await page.goto("/deliveries");
  await page.keyboard.press("j");
  await page.keyboard.press("j");
  await page.keyboard.press("k");
  assert.ok(await rows.nth(0).evaluate((row) => row.contains(document.activeElement)));
  await page.keyboard.press("x");
  await page.keyboard.press("j");
  await page.keyboard.press("x");
  await page.getByText("2 selected.").waitFor();
  await page.getByRole("button", { name: "Clear", exact: true }).click();
  assert.strictEqual(await page.locator("#rows input:checked").count(), 0);
  await page.getByRole("button", { name: "Resend the selected" }).waitFor({ state: "hidden" });
  for (const state of ["Skipped", "Delivered"]) await rows.filter({ hasText: state }).first().locator("input").check();
  await page.getByText("2 selected.").waitFor();
  await page.keyboard.press("?");
  await page.getByRole("dialog").getByText("next and previous delivery").waitFor();
  await page.keyboard.press("Escape");
  await page.keyboard.press("/");
  assert.strictEqual(await page.evaluate(() => document.activeElement.id), "text");

  // The two that were selected are sent again, once it is known that one of them arrived already.
  const before = [...receiver.counts.values()].reduce((sum, one) => sum + one, 0);
  await page.getByText("2 selected.").click();
  await page.locator("#text").blur();
  await page.keyboard.press("r");
  await page.getByText("What arrived already arrives once more.").waitFor();
  await page.locator("dialog.ask").getByRole("button", { name: "Resend the 2 selected", exact: true }).click();
  await page.getByText("2 new deliveries were made.").waitFor();
  await api.until("the resent", "/deliveries?limit=2", (answer) => answer.data.every((one) => one.trigger === "resend" && one.attempt_count > 0));
  assert.ok([...receiver.counts.values()].reduce((sum, one) => sum + one, 0) >= before + 2);
  await page.goto("/deliveries");
  await page.keyboard.press("j");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "What happened" }).waitFor();

  // Export: the file holds what the filter takes.
  await page.goto("/deliveries?text=Narrowed");
  await page.getByText("Export").click();
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name: "All that match as CSV" }).click()]);
  const csv = fs.readFileSync(await download.path(), "utf8").trim().split("\n");
  const expected = (await api.call("GET", "/deliveries?text=Narrowed")).data.length;
  assert.strictEqual(csv.length, expected + 1, csv.join("\n"));
  assert.ok(csv.slice(1).every((line) => line.includes("Narrowed thing")));

  // A double click sends once.
  await page.goto("/deliveries?text=Narrowed&state=delivered");
  await rows.first().locator(".record a").click();
  const { event_id } = await api.call("GET", `/deliveries/${page.url().match(/deliveries\/([0-9a-f-]+)/)[1]}`);
  const made = async () => (await api.call("GET", `/deliveries?event_id=${event_id}`)).data.filter((one) => one.trigger === "resend").length;
  const so_far = await made();
  let asked = 0;
  await page.route("**/resend", async (route) => { asked += 1; await new Promise((then) => setTimeout(then, 400)); await route.continue().catch(() => {}); });
  await page.getByRole("button", { name: "Resend", exact: true }).click();
  await page.locator("dialog.ask").getByRole("button", { name: "Resend", exact: true }).evaluate((button) => { button.click(); setTimeout(() => button.click(), 150); });
  await page.getByText("This is the new delivery.").waitFor();
  await page.unroute("**/resend");
  assert.strictEqual(asked, 1);
  assert.strictEqual(await made(), so_far + 1);

  // Why not: the condition that stood in the way, and the way to change it.
  await page.goto("/deliveries?state=skipped");
  await rows.first().locator(".record a").click();
  await page.getByText("It would have passed if").waitFor();
  assert.match(await page.getByRole("link", { name: "Change this filter with this event" }).getAttribute("href"), /\/connections\/[0-9a-f-]+\/edit\?sample=[0-9a-f-]+&delivery=[0-9a-f-]+$/);

  // A failed one says what to do, can be given up, and can be run again by hand.
  await page.goto("/deliveries?state=problem");
  await rows.first().locator(".record a").click();
  await page.getByText("curl -X POST").waitFor();
  await page.getByRole("button", { name: "Give up" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Give up" }).click();
  await page.getByText("Given up by Ada").first().waitFor();
};

// A second destination that refuses, a connection that skips, and what comes of them.
async function more(day) {
  const { api, receiver, hook } = day;
  const source = (await api.call("GET", "/sources")).data[0];
  const refusing = await api.call("POST", "/destinations", { name: "Billing", config: { url: `${receiver.url}/status/503` } });
  const fine = (await api.call("GET", "/destinations")).data.find((one) => one.name === "Team spreadsheet");
  await api.call("POST", "/connections", {
    name: "Urgent to billing", source_id: source.id, destination_id: refusing.id,
    filter: { all: [{ path: "$.currentValue.title", op: "contains", value: "invoice" }] }, mapping: { mode: "passthrough" },
  });
  await api.call("POST", "/connections", {
    name: "Done records", source_id: source.id, destination_id: fine.id,
    filter: { all: [{ path: "$.currentValue.done", op: "is_true" }, { path: "$.currentValue.title", op: "exists" }] },
    mapping: { mode: "passthrough" },
  });
  for (const title of ["Send the invoice", "Plan the launch", "Review the invoice of Acme", "Order lunch"]) await post(hook, event({ value: { title } }));
  await api.until("a retry", "/deliveries?state=retrying", (answer) => answer.data.length === 2);
}
