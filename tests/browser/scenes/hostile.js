// Hostile payloads in every displayed field: no script runs, the policy is not broken, and no page is torn apart.
"use strict";
const assert = require("node:assert");
const { event, post } = require("../world.js");
const { sticksOut } = require("../browser.js");

const RUN = "window.hacked=1";
const NASTY = [
  `<script>${RUN}</script>`,
  `"><img src=x onerror="${RUN}">`,
  `'><svg/onload=${RUN}>`,
  `</textarea></title></style></script><script>${RUN}</script>`,
  `javascript:/*--></title></style></textarea></script></xmp><svg/onload='+/"/+/onmouseover=1/+/[*/[]/+${RUN}//'>`,
  `{{ 7 * 7 }}{% raw %}\${7*7}<%= 7 %>`,
  "\u202Eevil\u202C \u2066x\u2069 \u200B\uFEFF",
  "=HYPERLINK(\"http://example.com\",\"x\")",
  "nul \u0000 and bell \u0007 and escape \u001b[31mred",
  "line\nbreak\r\nand\ttab <!-- ",
  "W".repeat(5000),
  "😀".repeat(300),
];

module.exports = async function hostile(day) {
  const { page, api, hook, receiver } = day;
  const source = (await api.call("GET", "/sources")).data[0];
  const nasty = `"><script>${RUN}</script>`;
  const destination = await api.call("POST", "/destinations", { name: nasty, config: { url: `${receiver.url}/status/500?x=${encodeURIComponent(nasty)}` } });
  await api.call("POST", "/connections", {
    name: nasty, source_id: source.id, destination_id: destination.id,
    filter: { any: [{ path: "$.currentValue.title", op: "not_equals", value: nasty }, { path: "$.currentValue.title", op: "exists" }] },
    mapping: { mode: "passthrough" },
  });
  for (const text of NASTY) {
    await post(hook, event({
      event: "TODO_CREATED",
      value: { title: text, text, todoList: { id: text.slice(0, 60), title: text, project: { id: text.slice(0, 60), name: text, company: { id: "c", name: text } } } },
    }));
  }
  await post(hook, event({ event: `<img src=x onerror=${RUN}>`, value: { title: "Strange event" } }));
  await api.until("all of them", "/deliveries?limit=200", (answer) => answer.data.filter((one) => one.connection_name === nasty && one.attempt_count > 0).length >= NASTY.length);

  const ids = async (path) => (await api.call("GET", path)).data.map((one) => one.id);
  const addresses = ["/", "/deliveries", "/deliveries?text=%3Cscript%3E", "/events", "/destinations", "/connections", `/deliveries?event_type=${encodeURIComponent(nasty)}`];
  for (const id of (await ids("/events")).slice(0, NASTY.length + 1)) addresses.push(`/events/${id}`);
  const own = (await api.call("GET", "/deliveries?limit=200")).data.filter((one) => one.connection_name === nasty);
  for (const one of own.slice(0, NASTY.length + 1)) addresses.push(`/deliveries/${one.id}`);
  addresses.push(`/connections/${own[0].connection_id}`, `/destinations/${destination.id}`, `/connections/${own[0].connection_id}/edit?sample=${own[0].event_id}`);
  for (const address of addresses) {
    await page.goto(address);
    assert.strictEqual(await page.evaluate(() => window.hacked), undefined, `a script ran on ${address}`);
    assert.deepStrictEqual(await sticksOut(page), [], `${address} is torn apart`);
    assert.strictEqual(await page.locator("main").count(), 1, address);
    // What would be invisible is shown as what it is: no terminal is steered by a copied text, and nothing reads otherwise than it is.
    assert.deepStrictEqual(await page.evaluate(() => document.body.innerText.match(/[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/g)), null, address);
  }

  // The live tail puts rows into the page by script: the same must hold there.
  await page.goto("/deliveries");
  await page.getByRole("button", { name: "Watch live" }).click();
  await page.getByText(/^Watching/).waitFor();
  for (const text of NASTY.slice(0, 5)) await post(hook, event({ value: { title: `${text} live` } }));
  await page.locator("#rows > tr").filter({ hasText: "onload" }).filter({ hasText: "live" }).first().waitFor();
  assert.strictEqual(await page.evaluate(() => window.hacked), undefined);
  assert.strictEqual(await page.locator("#rows script, #rows img, #rows td svg").count(), 0);
};
