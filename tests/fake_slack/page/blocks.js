// Block Kit as elements. `context` says what happens when somebody uses one of them:
// {names, people, channels, act(action_id, block_id, {value, option}), values, input(…)}.
import { h, markdown, plain, richText, textObject } from "./text.js";

const label = (object) => object?.text ?? "";

export function menu(anchor, entries) {
  const box = document.getElementById("menu");
  const close = () => { box.hidden = true; document.removeEventListener("pointerdown", away, true); };
  const away = (event) => { if (!box.contains(event.target)) close(); };
  box.replaceChildren(...entries.map((entry) => (entry instanceof Node ? entry
    : h("button", { class: entry.danger ? "danger" : "", role: "menuitem", onclick: () => { close(); entry.run(); } }, entry.label))));
  box.onclick = (event) => { if (event.target.closest("button")) close(); };
  box.hidden = false;
  const at = anchor.getBoundingClientRect();
  const left = Math.min(at.left, innerWidth - box.offsetWidth - 8);
  const below = at.bottom + 4 + box.offsetHeight < innerHeight;
  box.style.left = `${Math.max(8, left)}px`;
  box.style.top = `${below ? at.bottom + 4 : Math.max(8, at.top - box.offsetHeight - 4)}px`;
  document.addEventListener("pointerdown", away, true);
}

function ask(confirm) {
  if (!confirm) return Promise.resolve(true);
  return new Promise((answered) => {
    const veil = h("div", { class: "veil", style: "z-index:25" });
    const end = (yes) => { veil.remove(); answered(yes); };
    veil.append(h("div", { class: "modal small", role: "alertdialog" },
      h("header", {}, h("strong", {}, label(confirm.title))),
      h("div", { class: "content" }, h("div", {}, label(confirm.text))),
      h("footer", {},
        h("button", { class: "btn", onclick: () => end(false) }, label(confirm.deny)),
        h("button", { class: confirm.style === "danger" ? "btn danger solid" : "btn primary", onclick: () => end(true) }, label(confirm.confirm)))));
    document.body.append(veil);
  });
}

async function used(context, block, element, what, node) {
  if (!(await ask(element.confirm))) return;
  node?.classList.add("busy");
  await context.act(element.action_id, block.block_id, what);
  node?.classList.remove("busy");
}

function options(element) {
  const one = (option) => h("option", { value: option.value }, label(option.text));
  return element.option_groups
    ? element.option_groups.map((group) => h("optgroup", { label: label(group.label) }, group.options.map(one)))
    : (element.options ?? []).map(one);
}

function offered(element, context) {
  if (element.type.includes("users_select")) return context.people.map((p) => h("option", { value: p.id }, p.name));
  if (element.type.includes("conversations_select") || element.type.includes("channels_select"))
    return context.channels.map((c) => h("option", { value: c.id }, "#" + c.name));
  return options(element);
}

function initial(element) {
  return element.initial_option?.value ?? element.initial_user ?? element.initial_channel ?? element.initial_conversation
    ?? element.initial_options?.map((o) => o.value) ?? element.initial_users ?? element.initial_value
    ?? element.initial_date ?? element.initial_time ?? null;
}

function chosen(state) {
  if (!state) return undefined;
  const option = state.selected_option;
  if (option !== undefined) return option?.value ?? null;
  if (state.selected_options) return state.selected_options.map((o) => o.value);
  return state.value ?? state.selected_user ?? state.selected_users ?? state.selected_date ?? state.selected_time
    ?? state.selected_channel ?? state.selected_conversation ?? null;
}

// A control for anything that keeps a value; `changed(value)` hears of each change.
function control(element, context, state, changed) {
  const now = chosen(state) ?? initial(element);
  const hint = label(element.placeholder);
  const kind = element.type;
  if (kind === "checkboxes" || kind === "radio_buttons") {
    const many = kind === "checkboxes";
    const picked = new Set([now ?? []].flat());
    const name = `n${Math.random()}`;
    return h("div", { class: "ticks" }, element.options.map((option) => h("label", {},
      h("input", { type: many ? "checkbox" : "radio", name, checked: picked.has(option.value), onchange: (event) => {
        if (many) { event.target.checked ? picked.add(option.value) : picked.delete(option.value); changed([...picked]); }
        else changed(option.value);
      } }),
      h("span", {}, plain(option.text), option.description ? h("small", {}, plain(option.description)) : null))));
  }
  if (kind.endsWith("select")) {
    const many = kind.startsWith("multi_");
    const select = h("select", { multiple: many, "aria-label": hint || kind },
      many ? [] : h("option", { value: "" }, hint || "Choose…"), offered(element, context));
    if (kind.includes("external")) {
      // The app provides the options; a short list is asked for whole, when somebody looks at it.
      const found = new Map();
      const show = (option) => { if (!found.has(option.value)) select.append(h("option", { value: option.value }, label(option.text))); found.set(option.value, option); };
      if (state?.selected_option) show(state.selected_option);
      select.onfocus = async () => (await context.suggest?.(element.action_id) ?? []).forEach(show);
      select.onchange = () => changed(many ? [...select.selectedOptions].map((o) => found.get(o.value)) : found.get(select.value) ?? null);
      if (state?.selected_option) select.value = state.selected_option.value;
      return select;
    }
    for (const option of select.options) option.selected = [now ?? ""].flat().includes(option.value);
    select.onchange = () => changed(many ? [...select.selectedOptions].map((o) => o.value) : select.value || null);
    return select;
  }
  const types = { datepicker: "date", timepicker: "time", datetimepicker: "datetime-local", number_input: "number", email_text_input: "email", url_text_input: "url" };
  const typed = element.multiline ? h("textarea", { placeholder: hint }) : h("input", { type: types[kind] ?? "text", placeholder: hint });
  typed.value = now ?? "";
  const event = types[kind]?.startsWith("date") || kind === "timepicker" ? "onchange" : "oninput";
  typed[event] = () => changed(kind === "datetimepicker" ? Math.floor(Date.parse(typed.value) / 1000) : typed.value || null);
  if (element.focus_on_load) requestAnimationFrame(() => typed.focus());
  return typed;
}

function picture(element, wide) {
  return h("div", { class: wide ? "picture wide" : "picture", title: element.image_url ?? "" }, element.alt_text);
}

function interactive(block, element, context) {
  if (element.type === "image") return picture(element, false);
  if (element.type === "button") {
    const button = h("button", { class: `btn ${element.style ?? ""}`, type: "button" }, plain(element.text));
    button.onclick = () => {
      if (element.url) window.open(element.url, "_blank", "noreferrer");
      used(context, block, element, { value: element.value ?? null }, button);
    };
    return button;
  }
  if (element.type === "overflow") {
    const button = h("button", { class: "btn", type: "button", "aria-label": "More" }, "⋯");
    button.onclick = () => menu(button, element.options.map((option) => ({
      label: label(option.text), run: () => used(context, block, element, { option: option.value }, button) })));
    return button;
  }
  const state = context.values?.[block.block_id]?.[element.action_id];
  return control(element, context, state, (value) => used(context, block, element,
    { [/(static|external)_select$/.test(element.type) || element.options ? "option" : "value"]: value }));
}

function field(block, context) {
  const { element } = block;
  const state = context.values?.[block.block_id]?.[element.action_id];
  const error = context.errors?.[block.block_id];
  return h("label", { class: error ? "field wrong" : "field" },
    h("span", {}, plain(block.label), block.optional ? h("small", {}, " (optional)") : null),
    control(element, context, state, (value) => context.input?.(block, element, value)),
    error ? h("div", { class: "error" }, error) : null,
    block.hint ? h("small", {}, plain(block.hint)) : null);
}

function one(block, context) {
  const { names } = context;
  switch (block.type) {
    case "header": return h("div", { class: "b-header" }, plain(block.text));
    case "divider": return h("hr");
    case "section": return h("div", { class: "b-section" },
      h("div", {}, textObject(block.text, names),
        block.fields ? h("div", { class: "fields" }, block.fields.map((each) => textObject(each, names))) : null),
      block.accessory ? h("div", { class: "accessory" }, interactive(block, block.accessory, context)) : null);
    case "context": return h("div", { class: "b-context" }, block.elements.map((element) => (
      element.type === "image" ? h("div", { class: "picture small", title: element.alt_text }) : textObject(element, names))));
    case "actions": return h("div", { class: "b-actions" }, block.elements.map((element) => interactive(block, element, context)));
    case "image": return h("div", {}, block.title ? h("div", { class: "muted" }, plain(block.title)) : null, picture(block, true));
    case "input": return field(block, context);
    case "rich_text": return richText(block, names);
    case "markdown": return markdown(block.text, names);
    case "table": return h("table", { class: "b-table" }, block.rows.map((row) => h("tr", {}, row.map((cell) => (
      h("td", {}, cell.type === "rich_text" ? richText(cell, names) : cell.text))))));
    default: return h("div", { class: "muted" }, `[${block.type}]`);
  }
}

export const blocks = (list, context) => h("div", { class: "blocks" }, list.map((block) => one(block, context)));
