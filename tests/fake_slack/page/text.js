// Slack's text formats as elements. Nothing is ever put into the page as HTML.
import { IN_TEXT, emoji, found } from "./emoji.js";

export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "class") element.className = value;
    else if (name in element && name !== "list") element[name] = value;
    else element.setAttribute(name, value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

const unescape = (text) => text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");

function withEmoji(text) {
  const parts = [];
  let end = 0;
  for (const match of text.matchAll(IN_TEXT)) {
    parts.push(text.slice(end, match.index), found(match));
    end = match.index + match[0].length;
  }
  parts.push(text.slice(end));
  return parts;
}

function safe(url) {
  return /^(https?|mailto):/i.test(url) ? url : null;
}

const link = (url, ...shown) => h("a", { href: safe(url), target: "_blank", rel: "noreferrer" }, ...shown);

// `!date^<seconds>^<format>`: the reader's own time, with Slack's words for the days around today.
const FORMATS = {
  date_num: { year: "numeric", month: "2-digit", day: "2-digit" },
  date: { year: "numeric", month: "long", day: "numeric" },
  date_short: { year: "numeric", month: "short", day: "numeric" },
  date_long: { weekday: "long", year: "numeric", month: "long", day: "numeric" },
  time: { hour: "numeric", minute: "2-digit" },
  time_secs: { hour: "numeric", minute: "2-digit", second: "2-digit" },
};

function nearDay(at) {
  const midnight = (date) => new Date(date.getFullYear(), date.getMonth(), date.getDate());
  const days = Math.round((midnight(at) - midnight(new Date())) / 86_400_000);
  return Math.abs(days) > 1 ? null : new Intl.RelativeTimeFormat(undefined, { numeric: "auto" }).format(days, "day");
}

export function localTime(target) {
  const [, seconds, format] = target.split("^");
  const at = new Date(Number(seconds) * 1000);
  if (!format || Number.isNaN(at.getTime())) return null;
  return format.replace(/\{(\w+)\}/g, (whole, name) => {
    const wanted = FORMATS[name.replace("_pretty", "")];
    if (!wanted) return whole;
    return (name.endsWith("_pretty") && nearDay(at)) || at.toLocaleString([], wanted);
  });
}

function token(inside, names) {
  const [target, label] = inside.split("|");
  if (target[0] === "@") return h("span", { class: "mention" }, "@" + (names.people[target.slice(1)] ?? label ?? target.slice(1)));
  if (target[0] === "#") return h("span", { class: "mention" }, "#" + (names.channels[target.slice(1)] ?? label ?? target.slice(1)));
  if (target.startsWith("!date^")) return h("time", { title: label }, localTime(target) ?? label ?? target);
  if (target[0] === "!") return h("span", { class: "mention loud" }, "@" + (label ?? target.slice(1)).replace(/^@|^subteam\^/, ""));
  return link(unescape(target), unescape(label ?? target.replace(/^mailto:/, "")));
}

const MARKS = [
  [/```\n?([\s\S]+?)```/, (m) => h("pre", {}, unescape(m[1]))],
  [/`([^`\n]+)`/, (m) => h("code", {}, unescape(m[1]))],
  [/<([^<>\n]+)>/, (m, names) => token(m[1], names)],
  [/(?<![\w*])\*(\S|\S[^\n]*?\S)\*(?![\w*])/, (m, names, verbatim) => h("b", {}, inline(m[1], names, verbatim))],
  [/(?<![\w_])_(\S|\S[^\n]*?\S)_(?![\w_])/, (m, names, verbatim) => h("i", {}, inline(m[1], names, verbatim))],
  [/(?<![\w~])~(\S|\S[^\n]*?\S)~(?![\w~])/, (m, names, verbatim) => h("s", {}, inline(m[1], names, verbatim))],
];
const BARE = [/\bhttps?:\/\/[^\s<>|]+[^\s<>|.,;:!?)\]]/, (m) => link(unescape(m[0]), unescape(m[0]))];

function inline(text, names, verbatim) {
  let first = null;
  for (const [pattern, make] of verbatim ? MARKS : [...MARKS, BARE]) {
    const match = pattern.exec(text);
    if (match && (first === null || match.index < first.match.index)) first = { match, make };
  }
  if (first === null) return withEmoji(unescape(text));
  const { match, make } = first;
  return [
    ...withEmoji(unescape(text.slice(0, match.index))),
    make(match, names, verbatim),
    ...inline(text.slice(match.index + match[0].length), names, verbatim),
  ];
}

export function mrkdwn(text, names, verbatim = false) {
  const out = h("div", { class: "text" });
  let quoted = [];
  const flush = () => {
    if (quoted.length) out.append(h("blockquote", {}, inline(quoted.join("\n"), names, verbatim)));
    quoted = [];
  };
  const lines = text.split("\n");
  let plain = [];
  for (const line of lines) {
    const quote = /^(?:&gt;|>)\s?/.exec(line);
    if (quote) {
      if (plain.length) out.append(...inline(plain.join("\n"), names, verbatim));
      plain = [];
      quoted.push(line.slice(quote[0].length));
    } else {
      flush();
      plain.push(line);
    }
  }
  flush();
  if (plain.length) out.append(...inline(plain.join("\n"), names, verbatim));
  return out;
}

export function textObject(object, names) {
  if (!object) return null;
  if (object.type === "mrkdwn") return mrkdwn(object.text, names, object.verbatim === true);
  return h("div", { class: "text" }, withEmoji(object.text));
}

export const plain = (object) => (object ? withEmoji(object.text) : []);

export function markdown(text, names) {
  const out = h("div", { class: "text" });
  for (const line of text.split("\n")) {
    const heading = /^#{1,6}\s+(.*)/.exec(line);
    const slack = (heading ? heading[1] : line)
      .replace(/\*\*(.+?)\*\*/g, "*$1*")
      .replace(/\[([^\]]+)\]\(([^)\s]+)\)/g, "<$2|$1>")
      .replace(/^[-*]\s+/, "• ");
    out.append(h(heading ? "b" : "span", {}, inline(slack, names, false)), "\n");
  }
  return out;
}

function styled(node, style = {}) {
  let out = node;
  for (const [name, tag] of [["code", "code"], ["bold", "b"], ["italic", "i"], ["strike", "s"], ["underline", "u"]])
    if (style[name]) out = h(tag, {}, out);
  return out;
}

function richPart(part, names) {
  switch (part.type) {
    case "text": return styled(h("span", {}, withEmoji(part.text)), part.style);
    case "link": return styled(link(part.url, part.text ?? part.url), part.style);
    case "user": return h("span", { class: "mention" }, "@" + (names.people[part.user_id] ?? part.user_id));
    case "channel": return h("span", { class: "mention" }, "#" + (names.channels[part.channel_id] ?? part.channel_id));
    case "usergroup": return h("span", { class: "mention loud" }, "@" + part.usergroup_id);
    case "broadcast": return h("span", { class: "mention loud" }, "@" + part.range);
    case "emoji": return emoji(part.name);
    case "date": return h("span", {}, part.fallback ?? new Date(part.timestamp * 1000).toLocaleString());
    default: return h("span", {}, `[${part.type}]`);
  }
}

export function richText(block, names) {
  const parts = (element) => element.elements.map((part) => richPart(part, names));
  const elements = block.elements.map((element) => {
    switch (element.type) {
      case "rich_text_list":
        return h(element.style === "ordered" ? "ol" : "ul", {}, element.elements.map((item) => h("li", {}, parts(item))));
      case "rich_text_quote": return h("blockquote", {}, parts(element));
      case "rich_text_preformatted": return h("pre", {}, parts(element));
      default: return h("div", { class: "text" }, parts(element));
    }
  });
  return h("div", { class: "b-rich" }, elements);
}
