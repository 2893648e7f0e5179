// Every page in light and dark, wide and narrow, and in Indonesian: axe finds nothing, nothing sticks out at the side, and a picture is kept.
"use strict";
const { LOOKS, watched, axe, sticksOut, jumped, shot } = require("../browser.js");

module.exports = async function looks(day) {
  const pages = await addresses(day);
  const state = await day.context.storageState();
  const found = [];
  // Two at a time, which is what a small machine has processors for.
  for (const pair of [LOOKS.slice(0, 2), LOOKS.slice(2, 4), LOOKS.slice(4)]) {
    await Promise.all(pair.map(async (look) => {
      const { context, wrong } = await watched(day.browser, { ...look, storageState: state }, day.base);
      const page = await context.newPage();
      for (const [name, address] of pages) {
        await page.goto(address);
        const language = await page.evaluate(() => document.documentElement.lang);
        if (language !== (look.locale ?? "en").slice(0, 2)) found.push(`${name} ${look.name}: it is in ${language}`);
        for (const sentence of await axe(page)) found.push(`${name} ${look.name}: ${sentence}`);
        for (const sentence of await sticksOut(page)) found.push(`${name} ${look.name}: ${sentence}`);
        for (const sentence of await jumped(page)) found.push(`${name} ${look.name}: ${sentence}`);
        await shot(page, `${name}-${look.name}`);
      }
      found.push(...wrong);
      await context.close();
    }));
  }
  const stranger = await watched(day.browser, { ...LOOKS[1] }, day.base);
  const page = await stranger.context.newPage();
  await page.goto("/login");
  found.push(...await axe(page), ...stranger.wrong);
  await shot(page, "login-dark-1280");
  await stranger.context.close();
  if (found.length > 0) throw new Error(`${found.length} findings:\n${found.join("\n")}`);
};

// The pages that there are, with one of each kind of thing.
async function addresses(day) {
  const first = async (path, query = "") => (await day.api.call("GET", `${path}${query}`)).data[0]?.id;
  const source = await first("/sources");
  const destination = await first("/destinations");
  const connection = await first("/connections");
  const event = await first("/events");
  const delivered = await first("/deliveries", "?state=delivered&text=contract");
  const pages = [
    ["overview", "/?range=1h"], ["connections", "/connections"], ["connection", `/connections/${connection}`], ["connection-new", "/connections/new"], ["gallery", "/connections/gallery"], ["import", "/connections/import"], ["version", `/connections/${connection}/versions/1`],
    ["connection-edit", `/connections/${connection}/edit`], ["deliveries", "/deliveries"], ["delivery", `/deliveries/${delivered}`],
    ["deliveries-none", "/deliveries?text=nothing-has-this"], ["events", "/events"], ["event", `/events/${event}`], ["sources", "/sources"], ["source", `/sources/${source}`], ["source-new", "/sources/new"],
    ["destinations", "/destinations"], ["destination", `/destinations/${destination}`], ["destination-new", "/destinations/new"], ["destination-mail", "/destinations/new?service=email"],
    ["destination-edit", `/destinations/${destination}/edit`], ["settings", "/settings"], ["people", "/settings/people"], ["tokens", "/settings/tokens"], ["audit", "/settings/audit"], ["nodes", "/settings/nodes"], ["nowhere", "/nowhere"], ["replays", "/replays"], ["replay-new", "/replays/new?state=delivered"],
  ];
  const replay = await first("/replays");
  if (replay) pages.push(["replay", `/replays/${replay}`]);
  for (const state of ["failed", "skipped", "retrying"]) {
    const id = await first("/deliveries", `?state=${state}`);
    if (id) pages.push([`delivery-${state}`, `/deliveries/${id}`]);
  }
  return pages;
}
