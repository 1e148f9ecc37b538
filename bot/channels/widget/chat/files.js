// @ts-check
import { h, icon } from './dom.js';

/**
 * Files: those that are on their way up, below the composer, and those that came with messages.
 *
 * Nothing has an address of its own: bytes are fetched with the visitor's secret and shown from memory.
 *
 * @typedef {import('./words/en.js').Words} Words
 * @typedef {{id: string, name: string, type: string, size: number}} File_
 * @typedef {{max_bytes: number, per_message: number, accept: string}} Rules
 * @typedef {{file: File, sent?: File_, why?: string, bar: any, url: string, xhr: XMLHttpRequest | null}} Coming
 */

const PICTURE = /^image\/(png|jpeg|gif|webp)$/;

export class Files {
  /** @type {Rules | null} */ rules = null;
  /** @type {Coming[]} */ #coming = [];
  /** @type {Map<string, Promise<string>>} */ #urls = new Map(); // by file id, of what is in memory
  /** @type {Map<string, HTMLElement>} */ #nodes = new Map();
  /** @type {Words | null} */ #words = null;

  /** @param {string} base @param {() => string | null} token @param {() => void} changed */
  constructor(base, token, changed) {
    this.base = base;
    this.token = token;
    this.changed = changed;
    this.tray = h('ul', { class: 'tray', 'aria-live': 'polite', hidden: true });
    this.input = h('input', { type: 'file', multiple: true, hidden: true });
    this.input.addEventListener('change', () => { this.add(this.input.files); this.input.value = ''; });
    this.button = h('button', { class: 'plain clip', hidden: true, onclick: () => this.input.click() }, icon('clip'));
    this.sight = new IntersectionObserver((seen) => {
      for (const { target, isIntersecting } of seen) if (isIntersecting) target.dispatchEvent(new Event('see'));
    });
  }

  /** @param {Rules | undefined} rules */
  allow(rules) {
    this.rules = rules ?? null;
    this.button.hidden = !rules;
    this.input.accept = rules?.accept ?? '';
  }

  /** @param {Words} words */
  speak(words) {
    this.#words = words;
    this.button.title = words.attach;
    for (const one of [this.button, this.input]) one.setAttribute('aria-label', words.attach);
    this.#draw();
  }

  get busy() {
    return this.#coming.some((one) => one.xhr);
  }

  /** Those that can be sent. @returns {File_[]} */
  get ready() {
    return this.#coming.flatMap((one) => one.sent ?? []);
  }

  /** What is to be sent now. What may get through yet stays. */
  take() {
    const { ready } = this;
    this.#coming = this.#coming.filter(mayYet);
    this.#draw();
    return ready;
  }

  /** Forgets whose files these were. */
  forget() {
    for (const one of this.#coming) one.xhr?.abort();
    for (const url of this.#urls.values()) url.then(URL.revokeObjectURL, () => {});
    this.#urls.clear();
    this.#nodes.clear();
    this.#coming = [];
    this.#draw();
  }

  /** @param {Iterable<File> | null | undefined} files chosen, dropped or pasted */
  add(files) {
    if (!this.rules) return;
    for (const file of files ?? []) {
      /** @type {Coming} */
      const one = { file, url: PICTURE.test(file.type) ? URL.createObjectURL(file) : '', bar: h('progress', { max: 1, value: 0 }), xhr: null };
      if (file.size > this.rules.max_bytes) one.why = 'too_large';
      else this.#send(one);
      this.#coming.push(one);
    }
    this.#draw();
  }

  /** @param {Coming} one */
  #send(one) {
    const { file } = one;
    one.why = '';
    if (this.#coming.filter((other) => other !== one && !other.why).length >= (this.rules?.per_message ?? 0)) {
      one.why = 'too_many';
      return;
    }
    const xhr = one.xhr = new XMLHttpRequest(); // fetch() tells nothing of progress
    xhr.open('POST', `${this.base}chat/files`);
    xhr.setRequestHeader('Authorization', `Bearer ${this.token()}`);
    xhr.setRequestHeader('Content-Type', 'application/octet-stream');
    xhr.setRequestHeader('X-File-Name', encodeURIComponent(file.name.toWellFormed?.() ?? file.name));
    xhr.upload.onprogress = (event) => { one.bar.value = event.loaded / event.total; };
    xhr.onloadend = () => {
      one.xhr = null;
      try {
        const answer = JSON.parse(xhr.responseText);
        if (answer.id) one.sent = answer;
        else one.why = answer.code;
      } catch { /* cut off */ }
      if (one.sent && one.url) this.#urls.set(one.sent.id, Promise.resolve(one.url));
      else if (!one.sent) one.why ||= 'failed';
      this.#draw();
    };
    xhr.send(file);
  }

  #draw() {
    const words = this.#words;
    this.tray.hidden = !this.#coming.length;
    if (words) {
      this.tray.replaceChildren(...this.#coming.map((one) => h('li', { class: one.why ? 'file bad' : 'file' },
        one.url && !one.why ? h('img', { src: one.url, alt: '' }) : icon(one.why ? 'alert' : 'file'),
        h('span', {}, h('b', { dir: 'auto' }, one.file.name), one.why ? words.noFile(one.why, this.rules) : one.sent ? sizeOf(one.file.size, words) : one.bar),
        mayYet(one) && h('button', { class: 'link', onclick: () => { this.#send(one); this.#draw(); } }, words.retry),
        h('button', { class: 'plain', title: words.remove, 'aria-label': `${words.remove}: ${one.file.name}`, onclick: () => {
          one.xhr?.abort();
          this.#coming = this.#coming.filter((other) => other !== one);
          this.#draw();
          this.button.focus();
        } }, icon('cross')))));
    }
    this.changed();
  }

  /** A file that came with a message: a picture, or its name; both can be saved. @param {File_} file @param {Words} words */
  node(file, words) {
    const key = file.id + words.tag;
    const old = this.#nodes.get(key);
    if (old) return old;
    const isPicture = PICTURE.test(file.type);
    const label = `${words.download}: ${file.name}`;
    const node = h('button', { class: isPicture ? 'picture' : 'file', title: label, 'aria-label': label, onclick: async () => {
      try {
        h('a', { href: await this.#load(file), download: file.name }).click();
      } catch {
        node.classList.add('bad');
      }
    } });
    const chip = () => node.replaceChildren(icon('file'), h('span', {}, h('b', { dir: 'auto' }, file.name), sizeOf(file.size, words)));
    if (isPicture) {
      node.addEventListener('see', async () => {
        this.sight.unobserve(node);
        try {
          node.replaceChildren(h('img', { src: await this.#load(file), alt: file.name }));
        } catch {
          node.className = 'file';
          chip();
        }
      });
      this.sight.observe(node);
    } else {
      chip();
    }
    this.#nodes.set(key, node);
    return node;
  }

  /** @param {File_} file */
  #load({ id, type }) {
    let url = this.#urls.get(id);
    if (!url) {
      url = this.#fetch(id, type);
      url.catch(() => this.#urls.delete(id));
      this.#urls.set(id, url);
    }
    return url;
  }

  /** @param {string} id @param {string} type */
  async #fetch(id, type) {
    const response = await fetch(`${this.base}chat/files/${encodeURIComponent(id)}`, {
      headers: { Authorization: `Bearer ${this.token()}` }, credentials: 'omit',
    });
    if (!response.ok) throw new Error(String(response.status));
    // What could run gets a type that nothing runs, whatever the server calls it.
    return URL.createObjectURL(new Blob([await response.arrayBuffer()], { type: PICTURE.test(type) ? type : 'application/octet-stream' }));
  }
}

/** Whether what was refused may go well the next time. @param {Coming} one */
const mayYet = ({ why }) => /^(failed|too_many|rate_limited|busy)$/.test(why ?? '');

/** @param {number} bytes @param {Words} words */
function sizeOf(bytes, words) {
  const [size, unit] = bytes < 1e6 ? [Math.ceil(bytes / 1e3), 'kilobyte'] : [bytes / 1e6, 'megabyte'];
  return new Intl.NumberFormat(words.tag, { style: 'unit', unit, maximumFractionDigits: 1 }).format(size);
}
