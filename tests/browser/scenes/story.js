// The three-minute story: set up, source, destination, connection, event in, delivered, seen.
"use strict";
const assert = require("node:assert");
const { SECRET, Api, event, post } = require("../world.js");

module.exports = async function story(day) {
  const { page, receiver, base } = day;
  await page.goto("/");
  assert.match(page.url(), /\/setup$/);
  await page.getByLabel("Your name").fill("Ada Lovelace");
  await page.getByLabel("E-mail").fill("ada@example.com");
  await page.getByLabel("Password").fill("correct horse battery");
  await page.getByRole("button", { name: "Make the account" }).click();
  await page.getByText("Welcome. Your account is made.").waitFor();

  await page.getByRole("link", { name: "Add a source" }).first().click();
  await page.getByLabel("Name").fill("Blue: Website");
  await page.getByRole("button", { name: "Add the source" }).click();
  const inbound = await page.locator("input[readonly]").first().inputValue();
  day.hook = base + new URL(inbound).pathname;
  await page.locator("input[name=secret]").first().fill(SECRET);
  await page.locator("input[name=secret]").first().press("Enter");
  await page.getByText("The secret is set.").first().waitFor();

  await page.goto("/destinations/new");
  await page.locator("input[name=name]").fill("Team spreadsheet");
  await page.locator("input[name=url]").fill(`${receiver.url}/ok`);
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("shown only now").waitFor();

  await page.goto("/connections/new");
  await page.locator("input[name=mapping_mode][value=fields]").check();
  await page.getByRole("button", { name: "Add a field" }).click();
  await page.locator("input[name=f_to]").first().fill("task.name");
  await page.locator("input[name=f_source]").first().fill("$.currentValue.title");
  // The live preview: what comes out of the sample changes as one types, without a click.
  const result = page.locator("#result");
  await result.getByText('"task"').first().waitFor();
  await page.locator(".then > summary").first().click();
  await page.locator("input[name=f_pipe]").first().fill('default("-") | prefix("Seen by the preview: ")');
  await result.getByText("Seen by the preview: ").first().waitFor();
  await page.locator("input[name=f_pipe]").first().fill("trim");
  await page.locator("input[name=name]").fill("New records to the spreadsheet");
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await page.getByRole("heading", { name: "New records to the spreadsheet" }).waitFor();

  await post(day.hook, event());
  day.api = new Api(base, process.env.BLUEBRIDGE_TOKEN);
  await day.api.until("the delivery", "/deliveries", (answer) => answer.data[0]?.state === "delivered");
  assert.strictEqual(receiver.counts.get("/ok"), 1);

  await page.goto("/deliveries");
  await page.getByRole("link", { name: "Call Ada about the contract" }).click();
  await page.getByText("status 200").first().waitFor();
};
