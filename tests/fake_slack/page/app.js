// The workspace: asks for what somebody sees, shows it, and sends what they do.
import { PICKS, emoji } from "./emoji.js";
import { blocks, menu } from "./blocks.js";
import { h, mrkdwn, plain } from "./text.js";

const $ = (id) => document.getElementById(id);
const at = new URLSearchParams(location.search);
const here = { you: at.get("as") ?? "", channel: at.get("channel") ?? "", thread: at.get("thread") ?? null, home: at.has("home"), editing: null };
let state = null;
const read = JSON.parse(sessionStorage.getItem("read") ?? "{}");

const COLORS = ["#1264a3", "#2b8a6e", "#b5478a", "#c2662d", "#5b5fc7", "#a13d3d", "#3d7a9e", "#7a6a1f"];
const hash = (text) => [...text].reduce((sum, c) => (sum * 31 + c.codePointAt(0)) >>> 0, 7);

function face(id, name, size = "") {
  const initials = name.split(/[\s.]+/).filter(Boolean).slice(0, 2).map((word) => [...word][0].toUpperCase()).join("");
  const color = id === state.bot && name === "Frontdesk" ? "#6b2a6e" : COLORS[hash(id + name) % COLORS.length];
  return h("span", { class: `face ${size}`, style: `background:${color}`, "aria-hidden": "true" }, initials || "?");
}

const names = () => ({ people: state.names, channels: state.names_of_channels });
const channel = () => state.channels.find((each) => each.id === here.channel);
const isBot = (message) => Boolean(message.bot_id) || state.bots.includes(message.author);
const clock = (ts) => new Date(Number(ts) * 1000).toLocaleTimeString([], { hour: "numeric", minute: "2-digit" });

function title(each) {
  if (each.kind !== "im") return each.name;
  const other = each.members.find((id) => id !== state.you) ?? state.you;
  return state.names[other] ?? other;
}

let toasting;
function toast(text) {
  $("toast").textContent = text;
  $("toast").hidden = false;
  clearTimeout(toasting);
  toasting = setTimeout(() => { $("toast").hidden = true; }, 4000);
}

const WORDS = { operation_timeout: "The app did not answer in time.", dispatch_failed: "The app could not be reached." };

async function ask(name, asked) {
  const response = await fetch("/page/act", { method: "POST", body: JSON.stringify({ act: name, ...asked }) });
  const answer = response.ok ? await response.json() : { ok: false, error: `${response.status}` };
  if (!answer.ok) toast(WORDS[answer.error] ?? answer.error);
  return answer;
}
const act = async (name, asked) => (await ask(name, asked)).ok;

function go(change) {
  Object.assign(here, change);
  const query = new URLSearchParams({ as: here.you, channel: here.channel });
  if (here.thread) query.set("thread", here.thread);
  if (here.home) query.set("home", "");
  history.replaceState(null, "", `?${query}`);
  shown = {};
  render();
}

// Rendering: each part is made anew only when what it shows has changed.
let shown = {};
function part(id, key, make) {
  const text = JSON.stringify(key);
  if (shown[id] === text) return;
  shown[id] = text;
  make($(id));
}

function renderTop() {
  $("team").textContent = state.team;
  part("connected", state.connected, (box) => box.replaceChildren(
    h("span", { class: state.connected ? "dot" : "dot off" }), state.connected ? `Frontdesk is connected: ${state.connected}` : "No app is connected"));
  part("you", [state.people, here.you], (select) => {
    select.replaceChildren(...state.people.map((each) => h("option", { value: each.id }, each.name)));
    select.value = here.you;
    $("you-face").replaceChildren(face(here.you, state.names[here.you] ?? "?", "mid"));
  });
}

function renderSide() {
  const chosen = channel();
  if (chosen && document.visibilityState === "visible") {
    read[`${here.you} ${chosen.id}`] = chosen.messages.at(-1)?.ts ?? "0";
    sessionStorage.setItem("read", JSON.stringify(read));
  }
  const unread = (each) => each.messages.filter((m) => m.author !== here.you && m.ts > (read[`${here.you} ${each.id}`] ?? "0")).length;
  const row = (each) => ({ id: each.id, kind: each.kind, name: title(each), news: unread(each), other: each.members.find((id) => id !== here.you) });
  const rows = state.channels.map(row);
  part("side", [rows, here.channel, here.home], (side) => {
    const button = (each) => h("button", { class: `${each.id === here.channel && !here.home ? "chosen" : ""} ${each.news ? "news" : ""}`, title: each.name, onclick: () => go({ channel: each.id, thread: null, home: false, editing: null }) },
      h("span", { class: "mark" }, each.kind === "im" ? face(each.other ?? each.id, each.name, "small") : each.kind === "group" ? padlock() : "#"),
      h("span", { class: "label" }, each.name), each.news ? h("span", { class: "count" }, String(each.news)) : null);
    const direct = (each) => each.kind === "im" || each.kind === "mpim";
    const group = (name, found) => (found.length ? [h("h2", {}, name), ...found.map(button)] : []);
    side.replaceChildren(
      ...group("Channels", rows.filter((each) => !direct(each))),
      ...group("Direct messages", rows.filter((each) => direct(each) && each.other !== state.bot)),
      ...group("Apps", rows.filter((each) => direct(each) && each.other === state.bot)));
  });
}

function padlock() {
  const span = h("span", {});
  span.innerHTML = '<svg viewBox="0 0 20 20" width="14" height="14"><rect x="4" y="9" width="12" height="8" rx="2" fill="none" stroke="currentColor" stroke-width="1.800"/><path d="M7 9V6.500a3 3 0 0 1 6 0V9" fill="none" stroke="currentColor" stroke-width="1.800"/></svg>';
  return span;
}

const ICONS = {
  react: '<circle cx="9" cy="11" r="6.500"/><path d="M6.500 12.500c1 1.800 4 1.800 5 0M7 9.200v.1M11 9.200v.1M16.500 3v5M14 5.500h5"/>',
  reply: '<path d="M3 4h14v9H9l-4 3.500V13H3z"/>',
  more: '<circle cx="10" cy="4.500" r=".8"/><circle cx="10" cy="10" r=".8"/><circle cx="10" cy="15.500" r=".8"/>',
};
function tool(name, label, onclick) {
  const button = h("button", { "aria-label": label, title: label, onclick });
  button.innerHTML = `<svg viewBox="0 0 20 20" width="18" height="18" fill="none" stroke="currentColor" stroke-width="1.600" stroke-linecap="round" stroke-linejoin="round">${ICONS[name]}</svg>`;
  return button;
}

function react(message, name) {
  const mine = (message.reactions ?? []).some((each) => each.name === name && each.users.includes(here.you));
  act(mine ? "unreact" : "react", { user: here.you, channel: here.channel, ts: message.ts, name });
}

function tools(message, inThread) {
  if (message.ephemeral || message.subtype === "tombstone") return null;
  const shortcuts = state.shortcuts.filter((each) => each.type === "message").map((each) => ({
    label: each.name, run: () => act("shortcut", { user: here.you, channel: here.channel, ts: message.ts, callback_id: each.callback_id }) }));
  const own = message.author !== here.you || isBot(message) ? [] : [
    { label: "Edit message", run: () => go({ editing: message.ts }) },
    { label: "Delete message", danger: true, run: () => act("delete", { channel: here.channel, ts: message.ts }) }];
  const entries = [...shortcuts, ...(shortcuts.length && own.length ? [h("hr")] : []), ...own];
  return h("div", { class: "tools" },
    tool("react", "Add reaction", (event) => menu(event.currentTarget, [h("div", { class: "row" }, PICKS.map((name) => h("button", { title: `:${name}:`, onclick: () => react(message, name) }, emoji(name))))])),
    inThread ? null : tool("reply", "Reply in thread", () => go({ thread: message.thread_ts ?? message.ts, editing: null })),
    entries.length ? tool("more", "More actions", (event) => menu(event.currentTarget, entries)) : null);
}

function content(message) {
  if (here.editing === message.ts) {
    const text = h("textarea", { rows: 2, value: message.text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&") });
    requestAnimationFrame(() => text.focus());
    return h("div", { class: "edit" }, text,
      h("button", { class: "btn", onclick: () => go({ editing: null }) }, "Cancel"),
      h("button", { class: "btn primary", onclick: async () => { await act("edit", { channel: here.channel, ts: message.ts, text: text.value }); go({ editing: null }); } }, "Save"));
  }
  if (!message.blocks?.length) return message.text ? mrkdwn(message.text, names()) : null;
  return blocks(message.blocks, {
    names: names(), people: state.people, channels: state.channels,
    suggest: async (action_id) => (await ask("suggest", { user: here.you, channel: here.channel, ts: message.ts, action_id, query: "" })).options,
    act: (action_id, block_id, what) => act("press", { user: here.you, channel: here.channel, ts: message.ts, action_id, block_id, ...what }) });
}

function file(each) {
  const size = each.size < 1024 ? `${each.size} B` : `${Math.round(each.size / 1024)} kB`;
  return h("div", { class: "file" }, h("i", {}, (each.filetype ?? "file").slice(0, 4).toUpperCase()), h("div", {}, h("b", {}, each.name ?? each.id), h("div", { class: "muted" }, each.size === undefined ? "" : size)));
}

function one(message, before, inThread) {
  const name = message.username ?? state.names[message.author] ?? message.author;
  const same = before && !inThread && before.author === message.author && before.username === message.username
    && message.ts - before.ts < 300 && !message.ephemeral && !before.ephemeral && !before.reply_count;
  const body = h("div", { class: "body" },
    message.ephemeral ? h("div", { class: "only" }, "Only visible to you") : null,
    same ? null : h("div", { class: "by" }, h("span", { class: "name" }, name), isBot(message) ? h("span", { class: "app" }, "APP") : null, h("time", {}, clock(message.ts))),
    message.top && message.is_reply && !inThread ? h("div", { class: "only" }, "replied to a thread") : null,
    content(message), message.edited ? h("span", { class: "edited" }, "(edited)") : null,
    (message.files ?? []).map(file),
    message.reactions ? h("div", { class: "bar" }, message.reactions.map((each) => h("button", {
      class: `reaction ${each.users.includes(here.you) ? "mine" : ""}`, title: each.users.map((id) => state.names[id] ?? id).join(", "), onclick: () => react(message, each.name) }, emoji(each.name), String(each.count)))) : null,
    message.reply_count && !inThread ? h("button", { class: "replies", onclick: () => go({ thread: message.ts, editing: null }) },
      message.reply_users.slice(0, 3).map((id) => { const who = id.startsWith("B") ? state.bot : id; return face(who, state.names[who] ?? id, "mid"); }),
      `${message.reply_count} ${message.reply_count === 1 ? "reply" : "replies"}`, h("span", { class: "muted" }, `Last reply ${clock(message.latest_reply)}`)) : null);
  const row = h("div", { class: `message ${same ? "same" : ""} ${message.ephemeral ? "ephemeral" : ""}`, "data-ts": message.ts },
    face(message.username ? message.username : message.author, name), body, tools(message, inThread));
  return row;
}

function feed(id, messages, inThread) {
  part(id, [messages, here.editing, here.you, state.shortcuts], (box) => {
    const low = box.scrollHeight - box.scrollTop - box.clientHeight < 80 || !box.childElementCount || box.dataset.of !== here.channel + here.thread;
    const rows = [];
    let day = "";
    messages.forEach((message, n) => {
      const date = new Date(Number(message.ts) * 1000).toLocaleDateString([], { weekday: "long", month: "long", day: "numeric" });
      if (date !== day && !inThread) rows.push(h("div", { class: "day" }, h("span", {}, date)));
      rows.push(one(message, date === day ? messages[n - 1] : null, inThread));
      day = date;
    });
    box.replaceChildren(...(rows.length ? rows : [h("div", { class: "empty" }, "Nothing here yet.")]));
    box.dataset.of = here.channel + here.thread;
    if (low) box.scrollTop = box.scrollHeight;
  });
}

function renderMain() {
  const each = channel();
  if (!each) { $("feed").replaceChildren(h("div", { class: "empty" }, "No channel.")); return; }
  const app = each.kind === "im" && each.members.includes(state.bot);
  part("head", [each.name, each.topic, each.members, here.home, each.archived, here.channel], (head) => head.replaceChildren(
    h("div", {}, h("span", { class: "title" }, each.kind === "im" ? title(each) : [each.kind === "group" ? padlock() : "#", ` ${each.name}`]), h("span", { class: "topic muted" }, each.archived ? "archived" : each.topic)),
    app ? h("div", { class: "tabs" }, h("button", { class: here.home ? "chosen" : "", onclick: () => { go({ home: true, thread: null }); act("open_home", { user: here.you }); } }, "Home"), h("button", { class: here.home ? "" : "chosen", onclick: () => go({ home: false }) }, "Messages"))
      : h("div", { class: "faces", title: each.members.map((id) => state.names[id] ?? id).join(", ") }, each.members.slice(0, 3).map((id) => face(id, state.names[id] ?? id, "mid")), h("span", { class: "n" }, String(each.members.length)))));
  const home = here.home && app;
  $("composer").hidden = home;
  if (home) {
    part("feed", ["home", state.home?.hash], (box) => box.replaceChildren(state.home ? h("div", { class: "home" }, blocks(state.home.blocks, {
      names: names(), people: state.people, channels: state.channels, values: state.home.state.values,
      act: (action_id, block_id, what) => act("press_in_view", { user: here.you, action_id, block_id, home: true, ...what }) })) : h("div", { class: "empty" }, "The app shows nothing here.")));
  } else feed("feed", each.messages.filter((m) => m.top), false);
  $("text").placeholder = each.archived ? "This channel is archived" : `Message ${each.kind === "im" ? title(each) : "#" + each.name}`;
  $("text").disabled = each.archived || each.read_only;
  const open = Boolean(here.thread) && !home;
  $("thread").hidden = !open;
  if (open) {
    $("thread-where").textContent = each.kind === "im" ? title(each) : `#${each.name}`;
    feed("thread-feed", each.messages.filter((m) => m.ts === here.thread || m.thread_ts === here.thread), true);
  }
}

const pending = {};
function renderModal() {
  const view = state.view;
  part("veil", view && [view.id, view.hash, view.errors], (veil) => {
    veil.hidden = !view;
    if (!view) { veil.replaceChildren(); return; }
    const key = (block, element) => `${view.id} ${block.block_id} ${element.action_id}`;
    const values = structuredClone(view.state.values);
    const typed = {};
    for (const block of view.blocks) {
      const element = block.element;
      if (element && key(block, element) in pending) { typed[block.block_id] = { [element.action_id]: pending[key(block, element)] }; delete values[block.block_id]; }
    }
    const shownBlocks = view.blocks.map((block) => {
      const kept = block.element && typed[block.block_id]?.[block.element.action_id];
      return typeof kept === "string" && "value" in (view.state.values[block.block_id]?.[block.element.action_id] ?? {}) ? { ...block, element: { ...block.element, initial_value: kept } } : block;
    });
    const content = blocks(shownBlocks, {
      names: names(), people: state.people, channels: state.channels, values, errors: view.errors,
      suggest: async (action_id) => (await ask("suggest_in_view", { user: here.you, action_id, query: "" })).options,
      act: (action_id, block_id, what) => act("press_in_view", { user: here.you, action_id, block_id, ...what }),
      input: (block, element, value) => { pending[key(block, element)] = value; (typed[block.block_id] ??= {})[element.action_id] = value; } });
    const close = () => act("close_view", { user: here.you });
    const submit = async (event) => {
      event.preventDefault();
      const button = veil.querySelector("button.primary");
      button.disabled = true;
      await act("submit", { user: here.you, values: typed });
      button.disabled = false;
    };
    veil.replaceChildren(h("form", { class: "modal", role: "dialog", "aria-modal": "true", onsubmit: submit, noValidate: true },
      h("header", {}, h("strong", {}, plain(view.title)), h("button", { type: "button", class: "quiet", "aria-label": "Close", onclick: close }, "✕")),
      h("div", { class: "content" }, content),
      h("footer", {}, h("button", { type: "button", class: "btn", onclick: close }, view.close ? plain(view.close) : "Cancel"), view.submit ? h("button", { class: "btn primary" }, plain(view.submit)) : null)));
    (veil.querySelector(".error")?.closest(".field") ?? veil).querySelector("input, textarea")?.focus();
  });
}

function render() {
  if (!state) return;
  renderTop(); renderSide(); renderMain(); renderModal();
}

function composer(form, area, send) {
  const grow = () => { area.style.height = "auto"; area.style.height = `${area.scrollHeight}px`; form.classList.toggle("ready", area.value.trim() !== ""); };
  area.addEventListener("input", grow);
  area.addEventListener("keydown", (event) => { if (event.key === "Enter" && !event.shiftKey && !event.isComposing) { event.preventDefault(); form.requestSubmit(); } });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const text = area.value.trim();
    if (!text) return;
    area.value = "";
    grow();
    await send(mentions(text));
  });
}

// "@Dan Wu" becomes a mention, as choosing from Slack's list does.
function mentions(text) {
  const all = Object.entries(state.names).sort((a, b) => b[1].length - a[1].length);
  return all.reduce((done, [id, name]) => done.replaceAll(`@${name}`, `<@${id}>`), text).replace(/(^|\s)@(here|channel|everyone)\b/g, "$1<!$2>");
}

composer($("composer"), $("text"), async (text) => {
  const command = /^(\/[a-z0-9_-]+)\s*([\s\S]*)$/.exec(text);
  if (command) return act("command", { user: here.you, channel: here.channel, command: command[1], text: command[2] });
  return act("say", { user: here.you, channel: here.channel, text });
});
composer($("thread-composer"), $("thread-text"), (text) => act("say", { user: here.you, channel: here.channel, text, thread_ts: here.thread }));

$("text").addEventListener("input", () => {
  const typed = $("text").value;
  const fitting = typed.startsWith("/") && !typed.includes(" ") ? state.commands.filter((each) => each.command.startsWith(typed)) : [];
  $("hints").hidden = !fitting.length;
  $("hints").replaceChildren(...fitting.map((each) => h("button", { type: "button", onclick: () => { $("text").value = `${each.command} `; $("hints").hidden = true; $("text").focus(); } },
    h("b", {}, each.command), h("span", { class: "muted" }, `${each.hint} — ${each.description}`))));
});
$("composer").addEventListener("submit", () => { $("hints").hidden = true; });
$("thread-close").onclick = () => go({ thread: null });
$("you").onchange = (event) => { here.you = event.target.value; here.version = null; refresh(); };
document.addEventListener("keydown", (event) => { if (event.key === "Escape" && state?.view) act("close_view", { user: here.you }); });

let asking = null;
async function refresh() {
  asking?.abort();
  asking = new AbortController();
  const own = asking;
  try {
    const query = new URLSearchParams({ as: here.you, ...(here.version ? { version: here.version } : {}) });
    const response = await fetch(`/page/state?${query}`, { signal: own.signal });
    state = await response.json();
    here.version = state.version;
    here.you = state.you;
    if (!channel()) { here.channel = state.channels[0]?.id ?? ""; here.thread = null; }
    render();
    setTimeout(refresh, 0);
  } catch (error) {
    if (!own.signal.aborted) setTimeout(refresh, 1000);
  }
}
refresh();
