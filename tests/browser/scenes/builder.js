// Building by hand: a value of the sample is dragged, or taken by keyboard, into the filter, a field and a template; names complete as one types.
"use strict";
const assert = require("node:assert");

const TITLE = '.pick[title="$.currentValue.title"]';
const LIST = '.pick[title="$.currentValue.todoList.title"]';

module.exports = async function builder(day) {
  const { page } = day;
  await page.goto("/connections/new");
  await page.getByText(/^Record created, received/).waitFor();
  const result = page.locator("#result");

  // Dropped on the filter as a whole, a value becomes a condition, and the keyboard is where the path may be changed.
  await page.dragAndDrop(TITLE, "#step-if h2");
  const path = page.locator("[name=c_path]");
  await path.first().waitFor();
  assert.strictEqual(await path.first().inputValue(), "$.currentValue.title");
  await page.locator("[name=c_value]").first().fill("contract");
  await page.locator("#step-if .told .true").first().waitFor();

  // By keyboard: from the field that is being typed in to a value, Enter, and back.
  await page.getByRole("button", { name: "Add a condition" }).press("Enter");
  await path.nth(1).waitFor();
  assert.ok(await path.nth(1).evaluate((field) => field === document.activeElement), "a new condition takes the keyboard");
  await page.locator(LIST).focus();
  await page.keyboard.press("Enter");
  assert.strictEqual(await path.nth(1).inputValue(), "$.currentValue.todoList.title");
  assert.ok(await path.nth(1).evaluate((field) => field === document.activeElement), "the keyboard comes back");
  await result.getByText("Enter the text to look for.").waitFor();
  await page.locator("[name=c_value]").nth(1).fill("week");

  // A condition in which nothing was chosen yet begins with what fits the value.
  const rows = page.locator('.pick[title="$.currentValue.todoUsers[*]"]');
  await page.locator('[id="tree-$.currentValue.todoUsers"]').evaluate((folded) => { folded.open = true; });
  await page.getByRole("button", { name: "Add a condition" }).press("Enter");
  await path.nth(2).waitFor();
  await rows.click();
  assert.strictEqual(await page.locator("[name=c_op]").nth(2).inputValue(), "has_any");
  await page.locator("[value='remove-condition:2']").click();
  await path.nth(2).waitFor({ state: "detached" });

  // Dropped on the fields as a whole, a value becomes a field; dropped on a field's source, it goes in there.
  await page.dragAndDrop(TITLE, ".fields-mode > p");
  const source = page.locator("[name=f_source]");
  await source.first().waitFor();
  assert.strictEqual(await source.first().inputValue(), "$.currentValue.title");
  await page.dragAndDrop(LIST, "[name=f_source]");
  await page.waitForFunction(() => document.querySelector("[name=f_source]").value === "$.currentValue.todoList.title");
  assert.strictEqual(await page.locator(".drop").count(), 0);

  // A value that is clicked goes to the field whose name was typed.
  await page.getByRole("button", { name: "Add a field", exact: true }).click();
  await source.nth(1).waitFor();
  await page.locator("[name=f_to]").nth(1).fill("listed");
  await page.locator(LIST).click();
  await page.waitForFunction(() => document.querySelectorAll("[name=f_source]")[1].value === "$.currentValue.todoList.title");
  assert.strictEqual(await source.count(), 2);

  // Of every entry of a list all are joined in a field, and in a text by its functions.
  const everyone = page.locator('.pick[title="$.currentValue.todoUsers[*].user.fullName"]');
  await page.locator('[id="tree-$.currentValue.todoUsers[*].user"]').evaluate((folded) => { folded.open = true; });
  await page.getByRole("button", { name: "Add a field", exact: true }).click();
  await source.nth(2).waitFor();
  await page.locator("[name=f_to]").nth(2).fill("people");
  await everyone.click();
  assert.strictEqual(await page.locator("[name=f_take]").nth(2).inputValue(), "join");
  await page.locator(".target").nth(2).getByText('"Ada Lovelace, Grace Hopper"').waitFor();
  // Rows make no text: they are listed, until something else is picked.
  await rows.click();
  assert.strictEqual(await page.locator("[name=f_take]").nth(2).inputValue(), "all");
  await everyone.click();
  assert.strictEqual(await page.locator("[name=f_take]").nth(2).inputValue(), "join");
  // What the person has chosen stays, also when the page came anew from the server.
  await page.locator("[name=f_take]").nth(2).selectOption("all");
  await page.getByRole("button", { name: "Add a condition" }).press("Enter");
  await path.nth(2).waitFor();
  await page.locator("[value='remove-condition:2']").click();
  await path.nth(2).waitFor({ state: "detached" });
  await source.nth(2).focus();
  await page.locator(LIST).click();
  await page.waitForFunction(() => document.querySelectorAll("[name=f_source]")[2].value === "$.currentValue.todoList.title");
  assert.strictEqual(await page.locator("[name=f_take]").nth(2).inputValue(), "all");
  await page.locator("[name=f_take]").nth(2).selectOption("join");
  await page.locator("[name=f_kind]").nth(2).selectOption("template");
  assert.strictEqual(await source.nth(2).getAttribute("placeholder"), "{{ currentValue.title }}");
  await source.nth(2).fill("On it: ");
  await everyone.click();
  assert.strictEqual(await source.nth(2).inputValue(), "On it: {{ currentValue.todoUsers | pluck('user.fullName') | join(', ') }}");
  await page.locator(".target").nth(2).getByText('"On it: Ada Lovelace, Grace Hopper"').waitFor();
  await page.locator("[value='remove-field:2']").click();
  await source.nth(2).waitFor({ state: "detached" });

  // A custom field goes by its name, in a field and in a text.
  const late = String.raw`$.currentValue.todoCustomFields[?@.customField.name=='Why\'s it late?']`;
  await page.locator("[id='tree-$.currentValue.todoCustomFields']").evaluate((folded) => { folded.open = true; });
  const named = page.locator("[id='tree-$.currentValue.todoCustomFields'] > ul > li > details", { hasText: "Why's it late?" });
  await named.evaluate((folded) => { folded.open = true; });
  const number = named.locator(".pick[title$='.number']");
  await page.getByRole("button", { name: "Add a field", exact: true }).click();
  await source.nth(2).waitFor();
  await page.locator("[name=f_to]").nth(2).fill("late");
  await number.click();
  assert.strictEqual(await source.nth(2).inputValue(), `${late}.number`);
  await page.locator(".target").nth(2).getByText("41").waitFor();
  await page.locator("[name=f_kind]").nth(2).selectOption("template");
  await source.nth(2).fill("Late: ");
  await number.click();
  await page.locator(".target").nth(2).getByText('"Late: 41"').waitFor();
  await page.locator("[value='remove-field:2']").click();
  await source.nth(2).waitFor({ state: "detached" });

  // A template completes paths and functions; Enter takes, Escape leaves.
  await page.locator("input[name=mapping_mode][value=template]").check();
  const template = page.locator("#template");
  const list = page.getByRole("listbox", { name: "Suggestions" });
  await template.pressSequentially('{"text": "{{ todoli');
  await list.getByRole("option").first().waitFor();
  const [field, below] = [await template.boundingBox(), await list.boundingBox()];
  assert.ok(below.y >= field.y + 20 && below.y <= field.y + field.height, `right under the line that is typed, which stays in sight: ${JSON.stringify([field, below])}`);
  const options = await list.getByRole("option").allTextContents();
  const wanted = options.findIndex((text) => text.startsWith("currentValue.todoList.title"));
  assert.ok(wanted >= 0, options.join("; "));
  for (let step = 0; step < wanted; step += 1) await page.keyboard.press("ArrowDown");
  assert.strictEqual(await template.getAttribute("aria-activedescendant"), `complete-${wanted}`);
  await page.keyboard.press("Enter");
  await list.waitFor({ state: "detached" });
  await template.pressSequentially(" | upp");
  await list.getByRole("option", { name: "upper" }).waitFor();
  await page.keyboard.press("Tab");
  await template.pressSequentially(" }}, ");
  assert.strictEqual(await template.inputValue(), '{"text": "{{ currentValue.todoList.title | upper }}, ');
  await page.dragAndDrop(TITLE, "#template");
  await template.press("End");
  await template.pressSequentially('"}');
  assert.strictEqual(await template.inputValue(), '{"text": "{{ currentValue.todoList.title | upper }}, {{ currentValue.title }}"}');
  await result.getByText("THIS WEEK, ").first().waitFor();
  await template.pressSequentially("{{ tit");
  await list.waitFor();
  await page.keyboard.press("Escape");
  await list.waitFor({ state: "detached" });

  // A search opens the groups that have what is found, and leaves them as they were.
  const find = page.getByRole("searchbox", { name: "Find an event" });
  const open = () => page.locator(".kind[open]:not([hidden])").count();
  await page.locator("#events").evaluate((events) => { events.open = true; });
  const before = await open();
  await find.fill("comment created");
  await page.getByRole("checkbox", { name: "Comment created" }).waitFor();
  assert.strictEqual(await open(), 1);
  await find.press("Enter");
  assert.strictEqual(await find.inputValue(), "comment created");
  await find.fill("");
  assert.strictEqual(await open(), before);

  // "Record updated" is ticked with all of its events, and only then.
  const any = page.getByRole("checkbox", { name: "Record updated (any change)" });
  const moved = page.getByRole("checkbox", { name: "Record moved to another list" });
  await any.check();
  assert.ok(await moved.isChecked());
  await moved.uncheck();
  assert.ok(!await any.isChecked());
  await moved.check();
  assert.ok(await any.isChecked());
  await any.uncheck();
  assert.ok(!await moved.isChecked());

  // What it is tried on is what stands beside it, also when other events are ticked.
  const shown = page.locator("#sample-card > p").first();
  const comment = page.locator("[name=events][value=COMMENT_DELETED]");
  await comment.evaluate((box) => { box.closest("details").open = true; });
  await comment.check();
  await shown.filter({ hasText: "Comment deleted" }).waitFor();
  await comment.uncheck();
  await shown.filter({ hasText: "Record created, received" }).waitFor();

  // While nobody answers, and after the session is gone, nothing is lost, whatever is pressed; afterwards it goes on.
  day.context.away = true;
  const add = page.getByRole("button", { name: "Add a condition" });
  const save = page.getByRole("button", { name: "Save", exact: true });
  const cookies = await day.context.cookies();
  let sent = 0;
  await page.route(/\/connections/, async (route) => {
    if (route.request().postData()?.includes("action=add-condition")) {
      sent += 1;
      await new Promise((passed) => { setTimeout(passed, 300); });
    }
    await route.abort();
  });
  await add.dblclick();
  await page.getByText("Bluebridge does not answer.").waitFor();
  assert.strictEqual(sent, 1, "a second click does nothing while the first is under way");
  // It asks first whether somebody answers; let through, it would leave the page.
  await Promise.all([page.waitForEvent("requestfailed"), save.click()]);
  await page.unroute(/\/connections/);
  await day.context.clearCookies();
  await add.click();
  await page.getByText("You are signed out.").waitFor();
  // Its answer must be there before the session is back, or it would be saved after all.
  await Promise.all([page.waitForResponse(() => true), save.click()]);
  await page.getByRole("link", { name: "sign in in another tab" }).waitFor();
  assert.match(page.url(), /\/connections\/new$/);
  assert.strictEqual(await path.count(), 2);
  await day.context.addCookies(cookies);
  day.context.away = false;
  await add.click();
  await path.nth(2).waitFor();
  assert.strictEqual(await page.locator("#trouble").isVisible(), false);

  // Nothing of this is saved, and leaving says so.
  day.context.leaving = "unasked";
  await page.goto("/connections");
  assert.strictEqual(day.context.leaving, "asked");
  await page.goto("/connections/new");
  await page.goto("/connections");
};
