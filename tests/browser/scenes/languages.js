// The same pages in Indonesian: by the browser, by the switch before signing in, by the account; and times in the reader's zone.
"use strict";
const assert = require("node:assert");
const { LOOKS, watched, axe, sticksOut, jumped, shot } = require("../browser.js");

const JAKARTA = { locale: "id-ID", timezoneId: "Asia/Jakarta" };

module.exports = async function languages(day) {
  await beforeSigningIn(day);
  const found = [];
  const state = await day.context.storageState();
  for (const look of [LOOKS[0], LOOKS[3]]) {
    const { context, wrong } = await watched(day.browser, { ...look, ...JAKARTA, storageState: state }, day.base);
    const page = await context.newPage();
    // The first page tells the server of the browser's zone.
    await page.goto("/deliveries");
    const exact = await page.locator("time").first().getAttribute("title");
    assert.match(exact, /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d WIB$/);
    for (const [name, address] of await addresses(day)) {
      await page.goto(address);
      assert.strictEqual(await page.locator("html").getAttribute("lang"), "id");
      if (name === "deliveries") assert.strictEqual(await page.locator("time").first().getAttribute("title"), exact);
      for (const sentence of [...await axe(page), ...await sticksOut(page), ...await jumped(page)]) found.push(`${name} ${look.name}: ${sentence}`);
      await shot(page, `id-${name}-${look.name}`);
    }
    found.push(...wrong);
    await context.close();
  }
  if (found.length > 0) throw new Error(`${found.length} findings:\n${found.join("\n")}`);
  await byAccount(day);
};

// The switch wins over the browser, and is remembered.
async function beforeSigningIn(day) {
  const { context, wrong } = await watched(day.browser, JAKARTA, day.base);
  const page = await context.newPage();
  await page.goto("/login");
  assert.strictEqual(await page.locator("html").getAttribute("lang"), "id");
  await page.getByRole("button", { name: "English" }).click();
  await page.waitForURL("**/login");
  await page.locator("html[lang=en]").waitFor();
  await page.reload();
  await page.locator("html[lang=en]").waitFor();
  assert.deepStrictEqual(wrong, []);
  await context.close();
}

// The account wins over everything, for the zone too; the filter's times are read in it.
async function byAccount(day) {
  const { page } = day;
  await page.goto("/settings");
  await page.locator("#language").selectOption("id");
  await page.locator("#time_zone").fill("Asia/Makassar");
  await page.locator("form[action='/settings/reading'] button").click();
  await page.locator("html[lang=id]").waitFor();
  await page.goto("/deliveries");
  assert.match(await page.locator("time").first().getAttribute("title"), / WITA$/);
  const at = new Date(await page.locator("time").first().getAttribute("datetime"));
  const makassar = (ms) => new Date(at.getTime() + 8 * 3600000 + ms).toISOString().slice(0, 16);
  await page.goto(`/deliveries?from=${makassar(-3600000)}&to=${makassar(3600000)}`);
  assert.ok(await page.locator("#rows > tr").count() > 0);
  await page.goto(`/deliveries?from=${makassar(3600000)}`);
  assert.strictEqual(await page.locator("#rows > tr").count(), 0);
  await page.goto("/settings");
  await page.locator("#language").selectOption("");
  await page.locator("#time_zone").fill("");
  await page.locator("form[action='/settings/reading'] button").click();
  await page.locator("html[lang=en]").waitFor();
}

async function addresses(day) {
  const first = async (path) => (await day.api.call("GET", path)).data[0]?.id;
  const pages = [
    ["overview", "/?range=24h"], ["deliveries", "/deliveries"], ["deliveries-none", "/deliveries?text=nothing-has-this"],
    ["events", "/events"], ["event", `/events/${await first("/events")}`], ["replays", "/replays"],
    ["replay-new", "/replays/new?state=delivered"], ["nowhere", "/nowhere"],
  ];
  for (const state of ["delivered", "skipped", "retrying"]) {
    const id = await first(`/deliveries?state=${state}`);
    if (id) pages.push([`delivery-${state}`, `/deliveries/${id}`]);
  }
  return pages;
}
