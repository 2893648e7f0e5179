// The builder, quicker: what the page's own buttons do happens in place, and the result is fetched while one types.
// Nothing is computed here; every answer comes from the server, and every button works without this file.
"use strict";

const DEBOUNCE_MS = 220;
const POLL_MS = 2000;
const find = (selector, root = document) => root.querySelector(selector);
const all = (selector, root = document) => [...root.querySelectorAll(selector)];
const builder = () => find("#builder");

// --- Fetching -------------------------------------------------------------------------------------------------------------------------

const formBody = (submitter) => {
  const body = new URLSearchParams(new FormData(builder()));
  body.delete("action");
  body.set("action", submitter ?? "preview");
  return body;
};
const parsed = async (response) => new DOMParser().parseFromString(await response.text(), "text/html");

let under_way;
let timer;
const soon = () => { clearTimeout(timer); timer = setTimeout(live, DEBOUNCE_MS); };

// Why there is no answer, said where it is seen; what was typed stays. Without a reason, the note goes.
const tell = (why, detail = "") => {
  const note = find("#trouble");
  find("span", note).textContent = detail;
  for (const reason of all("[data-trouble]", note)) reason.hidden = reason.dataset.trouble !== why;
  note.hidden = !why;
};
// A form is made for one session. After another sign-in it goes on with a mark of that one; otherwise this says why it cannot.
const renew = async () => {
  try {
    const response = await fetch(builder().dataset.fresh);
    if (response.status >= 500) return "unanswered";
    const mark = find("#builder [name=csrf]", await parsed(response));
    if (!mark) return response.redirected ? "signed-out" : "refused";
    find("[name=csrf]", builder()).value = mark.value;
    return null;
  } catch {
    return "unanswered";
  }
};
// The page that answers the form, or nothing, and then the note says why.
const answer_of = async (url, action, signal) => {
  const send = () => fetch(url, { method: "POST", body: formBody(action), signal });
  try {
    let response = await send();
    if (response.redirected || response.status === 403) {
      const why = await renew();
      if (!why) response = await send();
      else if (why !== "refused") return tell(why);
    }
    const page = await parsed(response);
    const is_answer = !response.redirected && [200, 422].includes(response.status);
    tell(is_answer ? null : response.status >= 500 ? "unanswered" : "refused", find("h1 + p", page)?.textContent);
    return is_answer ? page : null;
  } catch (error) {
    if (error.name !== "AbortError") tell("unanswered");
  }
};

const live = async () => {
  under_way?.abort();
  const { signal } = under_way = new AbortController();
  builder().classList.add("busy");
  const answer = await answer_of(builder().dataset.live, "preview", signal);
  if (signal.aborted) return;
  builder().classList.remove("busy");
  if (!answer) return;
  for (const part of all("[data-part]", answer)) put(part);
  find("#name").placeholder = find("#step-review [data-name]").dataset.name;
  find("#added").textContent = "";
  // Other events were ticked, or one has come: what it is tried on is shown as well.
  // Its tree waits while somebody types the sample itself.
  const is_typed = document.activeElement?.hasAttribute("data-paste");
  if (!is_typed && find("[data-sample]", answer).dataset.sample !== find("#sample-card").dataset.sample) press("preview");
};

// A part is replaced unless nothing changed in it or somebody is typing there; what was unfolded stays so.
const put = (part) => {
  const here = find(`[data-part="${CSS.escape(part.dataset.part)}"]`);
  if (!here || here.contains(document.activeElement) && here.querySelector("select, input, textarea")) return;
  const open = all("details[open]", here).map((details) => details.id).filter(Boolean);
  const chosen = find("select", here)?.value;
  for (const id of open) find(`#${CSS.escape(id)}`, part)?.setAttribute("open", "");
  if (here.innerHTML === part.innerHTML) return;
  here.replaceChildren(...part.childNodes);
  const select = find("select", here);
  if (select && chosen) select.value = chosen;
};

// One deed at a time: a second click on what is under way would make a second destination. What only looks gives way.
let pressed = null;
const may_begin = () => {
  if (saving || pressed && pressed.action !== "preview") return false;
  pressed?.stop.abort();
  return true;
};
const press = async (action) => {
  if (!may_begin()) return;
  const mine = pressed = { action, stop: new AbortController() };
  try { await replace(action, mine.stop.signal); } finally { if (pressed === mine) pressed = null; }
};

// What the form says, but for the mark that goes with it.
const as_sent = () => { const body = formBody(); body.delete("csrf"); return body.toString(); };

// A button's answer is the whole page: its form takes the place of this one, and the keyboard stays where it was.
const replace = async (action, signal) => {
  clearTimeout(timer);
  under_way?.abort();
  builder().classList.remove("busy");
  find("#added").textContent = "";
  const place = place_of(document.activeElement);
  const open = Object.fromEntries(all("details[id]", builder()).map((details) => [details.id, details.open]));
  const scrolled = find(".sample-tree")?.scrollTop;
  const sent = as_sent();
  const page = await answer_of(builder().getAttribute("action"), action, signal);
  const fresh = page && find("#builder", page);
  if (!fresh || signal.aborted) return;
  // What was typed since is not in an answer that only looks.
  if (action === "preview" && sent !== as_sent()) return replace(action, signal);
  // A control that the answer brings in for good, like a new row, takes the keyboard; in one column a picked value's would take the sample out of sight.
  const stays = /^pick(-into)?:/.test(action) && ONE_COLUMN.matches;
  const wanted = stays ? null : find(BROUGHT_IN[action] ?? "[autofocus]", fresh);
  for (const details of all("details[id]", fresh)) {
    const settled = action === "make-destination" && details.id === "new-destination" || action === "dry-run" && details.id === "past";
    if (!settled && open[details.id] !== undefined) details.open ||= open[details.id];
  }
  builder().replaceWith(fresh);
  put(find('[data-part="bar"]', page));
  find("#added").textContent = find("#added", page).textContent;
  if (find(".sample-tree")) find(".sample-tree").scrollTop = scrolled ?? 0;
  dress();
  // What is wrong with a new destination is told where it is typed.
  const wrong = action === "make-destination" && find("#new-destination [aria-invalid]", fresh);
  const again = wanted || wrong || same_place(place, fresh);
  again?.focus({ preventScroll: stays });
  if (again === wanted) again?.select?.();
  else if (place?.start != null && again?.setSelectionRange) again.setSelectionRange(place.start, place.start);
  (wrong || find("#made, .note.problems", fresh))?.scrollIntoView({ block: "center" });
};

const ONE_COLUMN = matchMedia("(max-width: 61.99rem)");
// What takes the keyboard after these buttons.
const BROUGHT_IN = { "make-destination": "#made input", listen: "[value=stop-listening]", "stop-listening": "[value=listen]" };
// All buttons have one name: each is known by its value as well. A field is known by how many of its name stand before it.
const alike = (name, value, root) => all(`[name="${CSS.escape(name)}"]`, root).filter((control) => name !== "action" || control.value === value);
const place_of = (control) => control?.name && builder().contains(control)
  ? { name: control.name, value: control.value, at: alike(control.name, control.value, builder()).indexOf(control), start: control.selectionStart }
  : null;
// Where the keyboard goes when its place is gone, by the button's deed.
const NEAREST = { "remove-field": "[value=add-field]", "field-up": "[value=add-field]", "remove-condition": "[value=add-condition]", "make-destination": "#destination_id" };
const same_place = (place, root) => {
  if (!place) return null;
  const same = alike(place.name, place.value, root)[place.at];
  const nearest = NEAREST[place.value.split(":")[0]];
  return same?.checkVisibility() || !nearest ? same : find(nearest, root);
};

// Saving leaves the page, so it is made sure first that somebody answers: on the browser's own error page all of it would be lost.
// Until the page is left, a second click must not save again; a navigation that was stopped tells nobody, so after a while saving is possible anew.
const SAVE_MS = 10000;
let saving = false;
const save = async (button) => {
  if (!may_begin()) return;
  saving = true;
  const why = await renew();
  tell(why);
  if (why) { saving = false; return; }
  changed = false;
  builder().dataset.plain = "yes";
  builder().requestSubmit(button.isConnected ? button : find("[value=save]", builder()));
  delete builder().dataset.plain;
  setTimeout(() => { saving = false; }, SAVE_MS);
};
// The way back may bring this very page.
window.addEventListener("pageshow", () => { saving = false; });

document.addEventListener("submit", (event) => {
  if (event.target !== builder()) return;
  const action = event.submitter?.value ?? "preview";
  if (builder().dataset.plain) return;
  event.preventDefault();
  if (action === "save") return save(event.submitter);
  if (/^(add|remove|field-up|pick)/.test(action)) changed = true;
  if (action.startsWith("pick:") && insert(action.slice(5))) return;
  press(action);
});

document.addEventListener("input", (event) => {
  const field = event.target;
  if (!builder()?.contains(field)) return;
  if (field.dataset.find) return narrow(field);
  if (field.name === "sample_search" || field.name === "dry_run_events") return;
  if (field.name === "c_op") hint(field);
  if (field.name === "events") mirror(field);
  if (field.name === "f_kind") find("[name=f_source]", field.closest(".target")).placeholder = field.selectedOptions[0].dataset.example;
  if (field.hasAttribute("data-path")) field.title = field.value;
  // Picked in the sample or among the suggestions, not typed sign by sign.
  if (!event.inputType || event.inputType === "insertReplacementText") {
    if (field.name === "f_source") take_several(field);
    if (field.name === "c_path") ask_as_usual(field);
  }
  count(field);
  if (field.dataset.complete) complete(field);
  if (field.hasAttribute("data-paste") && field.value.trim()) find("#sample_from").value = "paste";
  if (event.inputType === "insertFromPaste" && field.hasAttribute("data-paste")) press("preview");
  else if (!field.hasAttribute("data-refresh")) soon();
  if (!LOOKS_ONLY.includes(field.name)) find(".past")?.classList.add("outdated");
});
document.addEventListener("change", (event) => {
  const field = event.target;
  if (!builder()?.contains(field)) return;
  if (field.name === "f_take" || field.name === "c_op") field.dataset.chosen = "yes";
  if (field.hasAttribute("data-refresh") || field.hasAttribute("data-paste")) press("preview");
});

// --- Leaving -------------------------------------------------------------------------------------------------------------------------

// What was typed lives on this page only. What only looks, like a search, changes nothing of it.
let changed = builder()?.hasAttribute("data-unsaved") ?? false;
const LOOKS_ONLY = ["sample_from", "sample_search", "sample", "dry_run_events"];
const note_change = (event) => {
  const { name } = event.target;
  if (name && builder()?.contains(event.target) && !LOOKS_ONLY.includes(name)) changed = true;
};
document.addEventListener("input", note_change);
document.addEventListener("change", note_change);
window.addEventListener("beforeunload", (event) => { if (changed) event.preventDefault(); });

// --- Values of the sample: click, or drag --------------------------------------------------------------------------------------------

let last_field = null;
// Where a value goes whose field is being named; one that has a value keeps it.
const empty_source = (name) => {
  const source = find("[name=f_source]", name.closest(".target"));
  return source.value ? null : source;
};
document.addEventListener("focusin", (event) => {
  const field = event.target;
  if (field.matches?.("[data-path], [data-template], [name=f_pipe]")) last_field = field;
  else if (field.name === "f_to") last_field = empty_source(field);
  else if (field.matches?.("input, textarea, select")) last_field = null;
});

const write = (field, text, start, end) => {
  // A folded one takes no keyboard.
  const fold = field.closest("details");
  if (fold) fold.open = true;
  field.setRangeText(text, start, end, "end");
  field.dispatchEvent(new Event("input", { bubbles: true }));
  field.focus();
};
const is_text = (field) => field.hasAttribute("data-template") || field.closest(".target")?.querySelector("[name=f_kind]")?.value === "template" && field.name === "f_source";

const offered = (path) => find(`.pick[title="${CSS.escape(path)}"]`)?.dataset;
// Every entry of a list brings several values: all are joined, or listed where they are rows, unless the person has chosen otherwise.
const take_several = (field) => {
  const take = find("[name=f_take]", field.closest(".target"));
  if (take.dataset.chosen || is_text(field)) return;
  const wanted = field.value.includes("[*]") ? offered(field.value)?.take ?? "join" : "first";
  const usual = wanted === "first" ? "join" : "first";
  if (take.value !== usual && take.value !== take.dataset.put) return;
  take.value = take.dataset.put = wanted;
  if (wanted !== "first") take.closest("details").open = true;
};
// A condition in which nothing was chosen yet begins with what fits the value.
const ask_as_usual = (field) => {
  const row = field.closest(".condition");
  const op = find("[name=c_op]", row);
  const usual = (offered(field.value) ?? offered(`${field.value}[*]`))?.op;
  if (!usual || op.dataset.chosen || find("[name=c_value]", row).value) return;
  if (op.value !== "contains" && op.value !== op.dataset.put) return;
  op.value = op.dataset.put = usual;
  hint(op);
};
// What a template prints a value by: a path to several values is not taken in one, and a name that it has no way to say is nothing.
const in_template = (path) => offered(path)?.text ?? `{{ ${path.replace(/^\$\./, "")} }}`;

// Puts a path into the field that was last typed in; false when there is none, and the server makes a new field of it.
const insert = (path, into = last_field) => {
  if (!into?.isConnected || into.offsetParent === null || !(into.hasAttribute("data-path") || into.hasAttribute("data-template"))) return false;
  const target = into.name === "f_source" && into.closest(".target");
  // One without a name is named after what it takes, which the server does.
  if (target && !is_text(into) && !find("[name=f_to]", target).value) {
    changed = true;
    press(`pick-into:${all(".target", builder()).indexOf(target)}:${path}`);
    return true;
  }
  if (is_text(into)) { const text = in_template(path); if (text) write(into, text, into.selectionStart, into.selectionEnd); }
  // A list is asked for its entries as it is.
  else write(into, into.name === "c_path" ? path.replace(/\[\*\]$/, "") : path, 0, into.value.length);
  const name = target && find("[name=f_to]", target);
  if (name && !name.value) { name.focus(); }
  return true;
};
document.addEventListener("dragstart", (event) => {
  if (event.target.matches?.(".pick[draggable]")) event.dataTransfer.setData("text/x-path", event.target.title), event.dataTransfer.setData("text/plain", event.target.title);
});
// Over a field it goes in there; over the filter or the fields as a whole it becomes a new one.
const droppable = (event) => event.dataTransfer?.types.includes("text/x-path") && event.target.closest?.("[data-path], [data-template], [data-drop]");
document.addEventListener("dragover", (event) => {
  const place = droppable(event);
  for (const other of all(".drop")) if (other !== place) other.classList.remove("drop");
  if (place) { event.preventDefault(); place.classList.add("drop"); }
});
const settle = () => { for (const place of all(".drop")) place.classList.remove("drop"); };
document.addEventListener("dragend", settle);
document.addEventListener("drop", (event) => {
  const place = droppable(event);
  if (!place) return;
  event.preventDefault();
  settle();
  const path = event.dataTransfer.getData("text/x-path");
  changed = true;
  if (place.dataset.drop) press(`${place.dataset.drop}:${path}`);
  else insert(path, place);
});
// Where a function goes that was clicked before anything was typed in; a field is made for it when there is none.
const field_for_call = async () => {
  // A pipe that was folded again is opened by what is written into it.
  const is_there = last_field?.isConnected && (last_field.name === "f_pipe" || last_field.checkVisibility());
  if (is_there && last_field.name !== "c_path") return last_field;
  if (find("[name=mapping_mode]:checked")?.value === "template") return find("#template");
  if (!find("[name=f_pipe]")) { changed = true; await press("add-field"); }
  return all("[name=f_pipe]").at(-1);
};
document.addEventListener("click", async (event) => {
  const call = event.target.closest?.("[data-call]");
  if (!call) return;
  const field = await field_for_call();
  if (!field) return;
  if (is_text(field)) return write(field, ` | ${call.dataset.call}`, field.selectionStart, field.selectionEnd);
  const pipe = field.name === "f_pipe" ? field : find("[name=f_pipe]", field.closest(".target") ?? document);
  if (pipe) write(pipe, `${pipe.value.trim() ? `${pipe.value.trim()} | ` : ""}${call.dataset.call}`, 0, pipe.value.length);
});

// --- Small comforts -------------------------------------------------------------------------------------------------------------------

const hint = (select) => {
  const value = find("[name=c_value]", select.closest(".condition"));
  const says = select.selectedOptions[0]?.dataset.hint;
  value.classList.toggle("none", says === "");
  value.tabIndex = says === "" ? -1 : 0;
  value.placeholder = says ?? "";
};
const is_update = (box) => "update" in box.dataset;
// "Record updated" stands for its events: it is ticked when all of them are.
const mirror = (box) => {
  const group = all("[name=events]", box.closest("fieldset"));
  const any = group.find((other) => other.value === "RECORD_UPDATED");
  if (!any) return;
  const meant = group.filter(is_update);
  if (box === any) for (const other of meant) other.checked = any.checked;
  else any.checked = meant.every((other) => other.checked);
};
// What is chosen in a list that can be folded, in a few words; every change of a record is one of them.
const count = (field) => {
  const told = all("[data-count]").find(({ dataset }) => [dataset.count, dataset.typed].includes(field.name));
  if (!told) return;
  const ticked = all(`[name="${CSS.escape(told.dataset.count)}"]:checked`);
  const any = ticked.some((box) => box.value === "RECORD_UPDATED");
  const typed = find(`[name="${CSS.escape(told.dataset.typed)}"]`).value.split(",").map((name) => name.trim()).filter(Boolean);
  const names = [...ticked.filter((box) => !any || !is_update(box)).map((box) => box.closest("label").textContent.trim()), ...typed];
  const limit = Number(told.dataset.named);
  const [named, more] = [names.slice(0, limit).join(", "), names.length - limit];
  told.textContent = more > 0 ? told.dataset.more.replace("{names}", () => named).replace("{count}", more) : named || told.dataset.none;
};
const narrow = (field) => {
  const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
  const root = find(field.dataset.find);
  for (const entry of all(".choice, li", root)) entry.hidden = !words.every((word) => `${entry.textContent} ${find("input", entry)?.value ?? ""}`.toLowerCase().includes(word));
  for (const group of all(".kind", root)) {
    group.hidden = !all(".choice", group).some((entry) => !entry.hidden);
    // What is found is shown; without a search, a group is open or closed as it was before.
    if (words.length) group.dataset.was ??= group.open ? "open" : "closed";
    group.open = words.length ? !group.hidden : group.dataset.was ? group.dataset.was === "open" : group.open;
    if (!words.length) delete group.dataset.was;
  }
};

// --- Completion of paths and functions ---------------------------------------------------------------------------------------------------

let menu = null;
const close = () => { menu?.list.remove(); menu?.field.removeAttribute("aria-activedescendant"); menu?.field.setAttribute("aria-expanded", "false"); menu = null; };
const offers = (field) => {
  const before = field.value.slice(0, field.selectionStart);
  const calls = () => all("[data-call]").map((one) => ({ text: one.dataset.call, hint: one.nextElementSibling?.textContent ?? "" }));
  // Within the braces; what needs more than a pair of them is not offered there.
  const paths = () => all("#paths option").filter((one) => one.dataset.text !== "" && !one.dataset.text?.startsWith("{%"))
    .map((one) => ({ text: one.dataset.text?.slice(3, -3) ?? one.value.replace(/^\$\./, ""), hint: one.textContent }));
  if (field.dataset.complete === "pipe") {
    const typed = before.match(/(?:^|\|)\s*([a-z0-9_]*)$/);
    return typed && typed[1] && { typed: typed[1], from: calls() };
  }
  if (!is_text(field)) return null;
  const inside = before.match(/\{\{-?\s*([^{}]*)$/);
  if (!inside) return null;
  const piped = inside[1].match(/\|\s*([a-z0-9_]*)$/);
  if (piped) return { typed: piped[1], from: calls() };
  const path = inside[1].match(/([A-Za-z_][\w.[\]']*)?$/)[0];
  return { typed: path, from: paths() };
};
// Where the next sign of a longer text would stand, from its field's corner: measured in a copy that breaks its lines alike.
const COPIED = ["boxSizing", "width", "padding", "border", "font", "letterSpacing", "lineHeight", "tabSize", "overflowWrap"];
const caret_of = (field) => {
  const [copy, end, looks] = [document.createElement("div"), document.createElement("span"), getComputedStyle(field)];
  for (const name of COPIED) copy.style[name] = looks[name];
  Object.assign(copy.style, { position: "absolute", visibility: "hidden", whiteSpace: "pre-wrap" });
  copy.textContent = field.value.slice(0, field.selectionStart);
  end.textContent = "\u200b";
  copy.append(end);
  field.after(copy);
  const place = { left: end.offsetLeft, bottom: Math.min(end.offsetTop + end.offsetHeight - field.scrollTop, field.offsetHeight) };
  copy.remove();
  return place;
};
const complete = (field) => {
  close();
  const offered = offers(field);
  if (!offered) return;
  const typed = offered.typed.toLowerCase();
  const ranked = offered.from.filter((one) => one.text.toLowerCase().includes(typed) && one.text !== offered.typed);
  ranked.sort((a, b) => b.text.toLowerCase().startsWith(typed) - a.text.toLowerCase().startsWith(typed));
  if (!ranked.length) return;
  const list = document.createElement("ul");
  list.className = "complete";
  list.id = "complete";
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", builder().dataset.suggestions);
  ranked.slice(0, 12).forEach((one, at) => {
    const entry = document.createElement("li");
    entry.id = `complete-${at}`;
    entry.setAttribute("role", "option");
    const code = document.createElement("code");
    code.textContent = one.text;
    const small = document.createElement("small");
    small.textContent = one.hint;
    entry.append(code, small);
    entry.addEventListener("mousedown", (event) => { event.preventDefault(); take(at); });
    list.append(entry);
  });
  menu = { field, list, offers: ranked.slice(0, 12), length: offered.typed.length, at: 0 };
  field.setAttribute("role", "combobox");
  field.setAttribute("aria-controls", "complete");
  field.setAttribute("aria-expanded", "true");
  field.after(list);
  // Under its field, or in a longer text under the line that is typed; within what holds both.
  const caret = field.matches("textarea") ? caret_of(field) : { left: 0, bottom: field.offsetHeight };
  list.style.top = `${field.offsetTop + caret.bottom + 2}px`;
  list.style.left = `${Math.max(0, Math.min(field.offsetLeft + caret.left, list.offsetParent.clientWidth - list.offsetWidth))}px`;
  mark();
};
const mark = () => {
  [...menu.list.children].forEach((entry, at) => entry.setAttribute("aria-selected", String(at === menu.at)));
  menu.list.children[menu.at].scrollIntoView({ block: "nearest" });
  menu.field.setAttribute("aria-activedescendant", `complete-${menu.at}`);
};
const take = (at) => {
  const { field, offers: [...list], length } = menu;
  const end = field.selectionStart;
  close();
  field.setRangeText(list[at].text, end - length, end, "end");
  field.focus();
  soon();
};
// A search within the page asks the server nothing.
document.addEventListener("keydown", (event) => { if (event.key === "Enter" && event.target.matches?.("[data-find]")) event.preventDefault(); });
document.addEventListener("keydown", (event) => {
  if (!menu || event.target !== menu.field) return;
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step) { menu.at = (menu.at + step + menu.offers.length) % menu.offers.length; mark(); }
  else if (event.key === "Enter" || event.key === "Tab") take(menu.at);
  else if (event.key === "Escape") close();
  else return;
  event.preventDefault();
});
document.addEventListener("focusout", () => setTimeout(() => { if (menu && document.activeElement !== menu.field) close(); }));

// --- Waiting for a test event ------------------------------------------------------------------------------------------------------------

let waiting;
const dress = () => {
  for (const box of all(".copy", builder())) offerCopy(box);
  markProblems();
  clearInterval(waiting);
  const note = find("[data-listening]");
  if (note) waiting = setInterval(async () => {
    const query = new URLSearchParams({ source_id: find("#source_id").value, after: note.dataset.listening });
    try {
      const response = await fetch(`${builder().dataset.newest}?${query}`);
      const answer = response.ok && await response.json();
      if (answer?.event_id && find("[data-listening]")) press("listen");
    } catch { /* It asks again. */ }
  }, POLL_MS);
};
if (builder()) dress();
