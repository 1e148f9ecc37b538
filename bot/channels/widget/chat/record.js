// @ts-check
import { lineOf } from './bubble.js';
import { h } from './dom.js';
import { momentOf, now } from './time.js';

/**
 * Saves a conversation as a plain text file: when, who, what was said, shown and sent.
 *
 * @param {import('./conversation.js').Conversation} conversation
 * @param {string} title
 * @param {import('./words/en.js').Words} words
 */
export function save(conversation, title, words) {
  const parts = [`${title}\n${momentOf(now(), words)}`];
  for (const entry of conversation.entries) {
    const { at, name, text, files, gone, message } = lineOf(entry, words);
    const cards = gone ? [] : message?.cards ?? [];
    parts.push([
      `[${momentOf(at, words)}] ${name}`, text,
      ...cards.map((card) => [card.title, card.badge, ...(card.lines ?? []), card.note, card.url].filter(Boolean).join(' · ')),
      ...files.map((file) => `[${file.name}]`),
    ].filter(Boolean).join('\n'));
  }
  const url = URL.createObjectURL(new Blob([`\ufeff${parts.join('\n\n')}\n`], { type: 'text/plain;charset=utf-8' })); // the mark tells old editors that it is UTF-8
  h('a', { href: url, download: `${title} ${now().toISOString().slice(0, 10)}.txt` }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
