// A real browser for the scenes: pages that watch themselves for script errors and CSP violations, axe, and screenshots.
"use strict";
const fs = require("node:fs");
const path = require("node:path");
const { chromium } = require("playwright-core");

const axeSource = fs.readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

// A person's first look at a page in all the ways that it must be good in.
const LOOKS = [
  { name: "light-1280", colorScheme: "light", viewport: { width: 1280, height: 900 } },
  { name: "dark-1280", colorScheme: "dark", viewport: { width: 1280, height: 900 } },
  { name: "light-360", colorScheme: "light", viewport: { width: 360, height: 780 } },
  { name: "dark-360", colorScheme: "dark", viewport: { width: 360, height: 780 } },
  // Its words are longer than the English ones.
  { name: "indonesian-360", colorScheme: "light", locale: "id-ID", viewport: { width: 360, height: 780 } },
];

async function launch() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM || "/usr/bin/chromium",
    headless: true,
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
      "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage"],
  });
}

// Every page of the context tells what must never happen: an error, a violation of the policy, a dialog, a request to another host.
async function watched(browser, options, base) {
  const context = await browser.newContext({ baseURL: base, locale: "en-GB", timezoneId: "UTC", ...options });
  context.setDefaultTimeout(20000);
  const wrong = [];
  await context.exposeBinding("reportViolation", (_, text) => { wrong.push(text); });
  await context.addInitScript(() => {
    window.layoutShift = 0;
    window.movedBy = [];
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) {
        window.layoutShift += entry.value;
        for (const { node } of entry.sources) window.movedBy.push(`${node?.nodeName} ${node?.textContent?.trim().slice(0, 40)}`);
      }
    }).observe({ type: "layout-shift", buffered: true });
    document.addEventListener("securitypolicyviolation", (event) => {
      window.reportViolation(`CSP ${event.violatedDirective}: ${event.blockedURI} ${event.sample}`);
    });
  });
  context.on("page", (page) => {
    page.on("pageerror", (error) => wrong.push(`script error: ${error.message}`));
    page.on("console", (message) => {
      // A page that answers 404 or 422 on purpose is an error of loading to the browser; while a scene has nobody answer, everything is.
      if (message.type() === "error" && !context.away && !/status of 4(04|22|29)/.test(message.text())) wrong.push(`console: ${message.text()}`);
    });
    page.on("dialog", (dialog) => {
      // A scene that leaves what it has typed says so before, and sees that it was asked.
      const expected = dialog.type() === "beforeunload" && context.leaving === "unasked";
      if (expected) context.leaving = "asked"; else wrong.push(`dialog: ${dialog.type()} ${dialog.message()}`);
      (expected ? dialog.accept() : dialog.dismiss()).catch(() => {});
    });
    page.on("request", (request) => {
      const url = request.url();
      if (!url.startsWith(base) && !url.startsWith("data:") && !url.startsWith("blob:")) wrong.push(`request to ${url}`);
    });
  });
  return { context, wrong };
}

// What axe finds on the page as it is now, in sentences. It is evaluated by the debugger, so the page's policy stays as strict as it is.
async function axe(page) {
  await page.evaluate(axeSource);
  const found = await page.evaluate(async () => {
    const result = await window.axe.run(document, { resultTypes: ["violations"] });
    return result.violations.map((one) => ({
      id: one.id, help: one.help, nodes: one.nodes.map((node) => `${node.target.join(" ")} :: ${node.failureSummary.split("\n").slice(0, 3).join(" ")}`),
    }));
  });
  return found.map((one) => `${one.id} (${one.help}): ${one.nodes.slice(0, 4).join(" | ")}`);
}

// Whether something sticks out at the side, so that the page itself scrolls sideways.
async function sticksOut(page) {
  return page.evaluate(() => {
    const width = document.documentElement.clientWidth;
    if (document.documentElement.scrollWidth <= width) return [];
    return [...document.querySelectorAll("main *:not(.visually-hidden)")].filter((one) => one.getBoundingClientRect().right > width + 1)
      .slice(0, 3).map((one) => `${one.tagName.toLowerCase()}.${one.className} reaches ${Math.round(one.getBoundingClientRect().right)} of ${width}`);
  });
}

// Whether the page moved under the reader's eyes while it was made; browsers call a page steady up to 0.1, ours stand still.
async function jumped(page) {
  const [shift, moved] = await page.evaluate(() => [window.layoutShift, window.movedBy.slice(0, 4).join("; ")]);
  return shift > 0.01 ? [`its layout shifted by ${shift.toFixed(3)}: ${moved}`] : [];
}

async function shot(page, name) {
  const folder = process.env.BLUEBRIDGE_SHOTS;
  if (!folder) return;
  fs.mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: path.join(folder, `${name}.png`), fullPage: true });
}

module.exports = { LOOKS, launch, watched, axe, sticksOut, jumped, shot };
