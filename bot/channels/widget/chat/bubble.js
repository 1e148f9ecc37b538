// @ts-check
import { deck } from './cards.js';
import { isRating } from './conversation.js';
import { h, icon, linked } from './dom.js';
import { timeOf } from './time.js';

/**
 * One line of the transcript: who, what they said and sent, what can be chosen, and how far it got.
 *
 * @typedef {import('./conversation.js').Entry} Entry
 * @typedef {import('./transport.js').Message} Message
 * @typedef {import('./outbox.js').Item} Item
 * @typedef {import('./words/en.js').Words} Words
 * @typedef {{key: string, kind: Message['author']['kind'], name: string, text: string, gone: boolean, at: Date, message: Message | null,
 *   item: Item | null, files: import('./files.js').File_[]}} Line
 * @typedef {{first: boolean, last: boolean, open: boolean, picks: boolean, mark: string, face: string}} How  first and last of its group; open: to be answered; picks: of its cards
 * @typedef {{send(text: string): void, choose(seq: number, value: string, label: string): void, retry(id: string): void, discard(id: string): void}} Act
 */

/** @param {Message['author']} author @param {Words} words */
export const nameOf = (author, words) => (author.kind === 'customer' ? words.you : author.name || words[author.kind] || '');

/** @param {Entry} entry @param {Words} words @returns {Line} */
export function lineOf({ message, newer }, words) {
  const gone = newer?.author.kind === 'system';
  return {
    key: `m${message.seq}`, kind: message.author.kind, name: nameOf(message.author, words), text: (newer ?? message).text, gone,
    at: new Date(message.at), message, item: null, files: gone ? [] : message.files ?? [],
  };
}

/** @param {Item} item @param {Words} words @returns {Line} */
export const lineOfItem = (item, words) => ({
  key: `o${item.id}`, kind: 'customer', name: words.you, text: item.text, gone: false, at: new Date(item.at), message: null, item, files: item.files ?? [],
});

/** @param {Line} one @param {Line} next Whether two bubbles are one group. */
export const together = (one, next) => one.kind === next.kind && one.name === next.name && one.at.toDateString() === next.at.toDateString()
  && Math.abs(+next.at - +one.at) < 300_000 && !one.item?.failed;

/**
 * @param {Line} line
 * @param {How} how
 * @param {Words} words
 * @param {import('./files.js').Files} files
 * @param {import('./forms.js').Forms} forms
 * @param {Act} act
 * @returns {HTMLElement}
 */
export function bubble(line, how, words, files, forms, act) {
  const { kind, item, message } = line;
  const { seq = 0, cards, choices, form } = (!line.gone && message) || {};
  const side = kind === 'customer' ? 'mine' : kind === 'system' ? 'notice' : 'theirs';
  const buttons = (how.open && choices) || [];
  const offered = buttons.filter((choice) => !isRating(choice.value) && !cards?.some((card) => card.value === choice.value));
  return h('div', { class: ['entry', side, kind, how.first && 'first', how.last && 'last', item && 'pending', item?.failed && 'failed', line.gone && 'gone'].filter(Boolean).join(' ') },
    kind !== 'system' && h('div', { class: how.first && kind !== 'customer' ? 'name' : 'hidden' }, how.face && h('img', { class: 'face', src: how.face, alt: '' }), line.name),
    line.text && h('div', { class: 'bubble', dir: 'auto' }, ...linked(line.text)),
    line.files.length > 0 && h('div', { class: 'files' }, ...line.files.map((file) => files.node(file, words))),
    cards?.length ? deck(cards, words, how.picks ? (card) => act.choose(seq, String(card.value), card.title) : null) : null,
    foot(line, how, words, act),
    offered.length > 0 && h('div', { class: 'choices', role: 'group', 'aria-label': words.choices }, ...offered.map((choice) => h('button', {
      class: 'choice', dir: 'auto', onclick: () => act.choose(seq, choice.value, choice.label),
    }, choice.label))),
    how.open && form && forms.node(seq, offered.length ? { ...form, orders: null } : form, words));
}

/** What is below: when, how far it got, what went wrong. @param {Line} line @param {How} how @param {Words} words @param {Act} act */
function foot({ kind, item, at }, how, words, act) {
  if (item?.failed) {
    const why = words.failed[/** @type {keyof Words['failed']} */ (item.failed)] ?? words.failed.invalid;
    return h('div', { class: 'meta trouble', role: 'alert' }, icon('alert'), words.notSent(why),
      h('button', { class: 'link', onclick: () => act.retry(item.id) }, words.retry),
      h('button', { class: 'link', onclick: () => act.discard(item.id) }, words.discard));
  }
  if (!item && (!how.last || kind === 'system')) return null;
  const meta = h('div', { class: 'meta', 'aria-live': 'off' });
  if (item) meta.append(words.held[/** @type {keyof Words['held']} */ (item.held ?? '')] ?? '', icon('clock', words.sending));
  else meta.append(h('time', { datetime: Number.isNaN(+at) ? '' : at.toISOString() }, timeOf(at, words)));
  if (how.mark === 'sent') meta.append(icon('check', words.sent));
  if (how.mark === 'read') meta.append(icon('checks', words.read));
  return meta;
}
