// @ts-check
/**
 * What calls somebody back who looks elsewhere: a blinking title, and a sound where it is wanted.
 */

const BLINK = 1_200;
const LATE = 1_000; // a sound that was not allowed until then would only startle

export class Attention {
  #title = ''; // of the page's own
  #ours = '';
  #text = '';
  /** @type {ReturnType<typeof setInterval> | undefined} */ #blinking;
  /** @type {AudioContext | null} */ #audio = null;

  /** @param {import('./storage.js').Storage_} storage @param {boolean} preset  whether the site has the sound on */
  constructor(storage, preset) {
    this.storage = storage;
    this.preset = preset;
  }

  get sound() {
    const chosen = this.storage.get('sound');
    return chosen === null ? this.preset : chosen === '1';
  }

  toggleSound() {
    const on = !this.sound;
    this.storage.set('sound', on ? '1' : '0');
    if (on) this.#play();
  }

  /** Takes the leave of a key or a click to sound later: browsers give none without. */
  wake() {
    if (this.#audio || !this.sound || navigator.userActivation?.hasBeenActive === false) return;
    try {
      this.#audio = new AudioContext();
    } catch { /* no sound then */ }
  }

  /** Sounds for a message, once however many tabs are open, unless one of them is being looked at. @param {number} seq */
  ring(seq) {
    if (!this.sound) return;
    setTimeout(() => {
      if (Math.max(Number(this.storage.get('read')), Number(this.storage.get('rang'))) >= seq) return;
      this.storage.set('rang', String(seq));
      this.#play();
    }, 100 + Math.random() * 300);
  }

  async #play() {
    this.wake();
    const audio = this.#audio;
    const asked = Date.now();
    await audio?.resume().catch(() => {});
    if (!audio || audio.state !== 'running' || Date.now() - asked > LATE) return;
    const at = audio.currentTime;
    const note = audio.createOscillator();
    const volume = audio.createGain();
    note.frequency.setValueAtTime(660, at);
    note.frequency.setValueAtTime(880, at + 0.12);
    volume.gain.setValueAtTime(0.08, at);
    volume.gain.exponentialRampToValueAtTime(0.0001, at + 0.5);
    note.connect(volume).connect(audio.destination);
    note.start(at);
    note.stop(at + 0.5);
    setTimeout(() => audio.suspend().catch(() => {}), 800); // silence costs power, too
  }

  /** Blinks with a text in the title, or ceases to without one. @param {string} text */
  title(text) {
    if (text === this.#text) return;
    this.#text = text;
    clearInterval(this.#blinking);
    if (this.#ours) this.#show(''); // what the page wrote meanwhile stays
    if (!text) return;
    this.#show(text);
    if (!matchMedia('(prefers-reduced-motion: reduce)').matches) this.#blinking = setInterval(() => this.#show(this.#ours ? '' : text), BLINK);
  }

  /** @param {string} text  '' for the page's own title */
  #show(text) {
    if (document.title !== this.#ours) this.#title = document.title;
    document.title = text || this.#title;
    this.#ours = text && document.title;
  }
}
