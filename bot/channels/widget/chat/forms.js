// @ts-check
import { h } from './dom.js';
import { dayOf, now, timeOf } from './time.js';

/**
 * The fields under a question: what it asks for can be filled in there, with its faults told beside it, or typed below as
 * before. Either way the answer is an ordinary message.
 *
 * @typedef {import('./words/en.js').Words} Words
 * @typedef {{kind: string, orders?: Array<{label: string, value: string}> | null}} Form
 * @typedef {'order' | 'contact' | 'email' | 'address' | 'date' | 'time'} Field
 */

/** @type {Record<string, Field[]>} */
const FIELDS = { order: ['order'], contact: ['contact'], email: ['email'], address: ['address'], when: ['date', 'time'] };

/** @type {Record<Field, Record<string, unknown>>} */
const HOW = {
  order: { maxlength: 40, autocomplete: 'off', autocapitalize: 'characters', spellcheck: 'false' },
  contact: { maxlength: 200, autocomplete: 'email', autocapitalize: 'none', spellcheck: 'false' },
  email: { type: 'email', maxlength: 200, autocomplete: 'email' },
  address: { maxlength: 500, autocomplete: 'street-address', rows: 2 },
  date: {},
  time: {},
};

const DAYS = 60; // ahead
const ISO = 'sv'; // Swedes write days and times like that: 2026-11-21, 14:30
const EMAIL = /^[^@\s]+@[^@\s]+\.[^@\s.]{2,}$/;

/** @type {Record<Field, (value: string) => boolean>} */
const FITS = {
  order: (value) => /\d/.test(value) && value.length > 3,
  contact: (value) => EMAIL.test(value) || value.replace(/\D/g, '').length > 6,
  email: (value) => EMAIL.test(value),
  address: (value) => value.length > 5,
  date: (value) => value !== '',
  time: (value) => value !== '',
};

export class Forms {
  #seq = 0;
  /** @type {Partial<Record<Field, string>>} */ #values = {}; // of what is being filled in, for when it is drawn anew

  /** @param {(text: string) => void} send */
  constructor(send) {
    this.send = send;
  }

  /** @param {number} seq  of the question @param {Form} form @param {Words} words @returns {HTMLElement | null} */
  node(seq, form, words) {
    const fields = FIELDS[form.kind];
    if (!fields) return null; // of a newer server: typing will do
    if (this.#seq !== seq) this.#values = {};
    this.#seq = seq;
    const values = this.#values;
    const orders = (form.orders ?? []).map((order) => h('button', {
      class: 'choice', dir: 'auto', onclick: () => this.send(order.value),
    }, order.label));
    const rows = fields.map((name) => {
      const id = `${name}${seq}`;
      const fault = h('p', { class: 'fault', id: `${id}-fault` });
      const chosen = name === 'date' || name === 'time';
      const input = h(chosen ? 'select' : name === 'address' ? 'textarea' : 'input', { id, name, dir: 'auto', 'aria-describedby': fault.id, ...HOW[name] },
        ...(chosen ? options(name, words) : []));
      input.value = values[name] ?? '';
      const check = () => {
        const wrong = FITS[name](input.value.trim()) ? '' : words.formBad[name];
        fault.textContent = wrong;
        input.setAttribute('aria-invalid', String(Boolean(wrong)));
        return !wrong;
      };
      input.addEventListener('input', () => {
        values[name] = input.value;
        if (fault.textContent) check();
      });
      return { input, check, node: h('div', { class: 'slot' }, h('label', { for: id }, words.form[name]), input, fault) };
    });
    return h('form', {
      class: 'form', novalidate: true, onsubmit: (/** @type {Event} */ event) => {
        event.preventDefault();
        const wrong = rows.filter((row) => !row.check());
        if (wrong.length) return wrong[0].input.focus();
        const [first, second] = rows.map((row) => row.input.value.trim());
        this.send(second ? words.moment(first, second) : first);
      },
    }, orders.length > 0 && h('div', { class: 'choices', role: 'group', 'aria-label': words.formOrders }, ...orders),
    h('div', { class: 'slots' }, ...rows.map((row) => row.node), h('button', { type: 'submit', class: 'solid' }, words.send)));
  }

  forget() {
    this.#values = {};
  }
}

/** Days and times to choose from: a browser's own fields speak its language, not the page's. @param {Field} name @param {Words} words */
function options(name, words) {
  const today = now();
  const at = (/** @type {number} */ days, /** @type {number} */ minutes) => new Date(today.getFullYear(), today.getMonth(), today.getDate() + days, 0, minutes);
  const all = name === 'date' ? Array.from({ length: DAYS }, (_, day) => at(day, 0)) : Array.from({ length: 48 }, (_, half) => at(0, half * 30));
  return [h('option', { value: '' }, `${words.pick}…`), ...all.map((one) => (name === 'date'
    ? h('option', { value: one.toLocaleDateString(ISO) }, dayOf(one, words))
    : h('option', { value: one.toLocaleTimeString(ISO, { timeStyle: 'short' }) }, timeOf(one, words))))];
}
