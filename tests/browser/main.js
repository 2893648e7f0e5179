// Plays the scenes in a real browser against a fresh bridge at BLUEBRIDGE_URL, one after another, as one person's day.
// Each file in scenes/ is one; what a later one needs, an earlier one leaves in `day`. Fails with what went wrong, and a picture of it.
"use strict";
const { launch, watched, shot } = require("./browser.js");
const world = require("./world.js");

const SCENES = ["story", "builder", "log", "replays", "hostile", "looks", "languages"];

async function main() {
  const base = process.env.BLUEBRIDGE_URL;
  const wanted = process.argv.slice(2);
  const browser = await launch();
  const receiver = await world.receiver();
  const { context, wrong } = await watched(browser, { viewport: { width: 1280, height: 900 }, colorScheme: "light" }, base);
  const day = { base, browser, context, receiver, page: await context.newPage() };
  let failed = false;
  for (const name of SCENES.filter((scene) => wanted.length === 0 || scene === "story" || wanted.includes(scene))) {
    const begun = Date.now();
    try {
      await require(`./scenes/${name}.js`)(day);
      if (wrong.length > 0) throw new Error(`the browser saw: ${wrong.splice(0).join("\n")}`);
      console.log(`ok ${name} ${Date.now() - begun} ms`);
    } catch (error) {
      failed = true;
      console.log(`FAILED ${name}: ${error.stack}\nat ${day.page.url()}`);
      if (wrong.length > 0) console.log(`the browser saw: ${wrong.splice(0).join("\n")}`);
      await shot(day.page, `failed-${name}`);
      break;
    }
  }
  await browser.close();
  receiver.close();
  process.exit(failed ? 1 : 0);
}

main().catch((error) => { console.log(error.stack); process.exit(1); });
