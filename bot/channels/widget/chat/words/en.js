// @ts-check
/**
 * What the chat says itself, in English. The other files of this folder have the same keys; one more language is one more
 * file here and one line in widget.js.
 *
 * @typedef {typeof en} Words
 */
const en = {
  tag: 'en',
  title: 'Support',
  open: 'Open chat',
  openUnread: (/** @type {any} */ n) => `${n} unread ${n === 1 ? 'message' : 'messages'}, open chat`,
  close: 'Close chat',
  log: 'Conversation',
  today: 'Today',
  yesterday: 'Yesterday',
  you: 'You',
  bot: 'Assistant',
  agent: 'Support team',
  system: 'Notice',
  introTitle: 'Hello! How can we help?',
  introBody: (/** @type {boolean} */ person) => `Ask in your own words, in English or Chinese.${person ? ' You can talk to a person whenever you like.' : ''}`,

  withBot: 'Assistant · answers right away',
  withAgent: (/** @type {string} */ name) => (name ? `${name} is here to help` : 'You are talking to our team'),
  queued: (/** @type {number | null} */ n) => (n ? (n === 1 ? 'You are next in line' : `You are number ${n} in line`) : 'Waiting for a person'),
  wait: (/** @type {number} */ min) => (min < 1 ? 'Expected wait: less than a minute' : `Expected wait: about ${Math.ceil(min)} min`),
  answer: (/** @type {string} */ when) => `Expected answer: around ${when}`,
  queueHint: 'You can keep writing. Nothing gets lost, even if you close this window.',
  ended: 'This conversation has ended',
  ticket: (/** @type {any} */ t) => `Ticket ${t}`,

  person: 'Talk to a person',
  personText: 'I would like to talk to a person',
  choices: 'Choose an answer',
  typing: (/** @type {string} */ name) => `${name} is typing`,
  newMessages: 'New messages',
  earlier: 'Earlier messages',
  titleUnread: (/** @type {number} */ n) => (n === 1 ? '(1) New message' : `(${n}) New messages`),

  cards: (/** @type {number} */ n) => (n === 1 ? 'Details' : `${n} cards, side by side`),
  pick: 'Choose',

  form: {
    order: 'Order number',
    contact: 'E-mail address or phone number',
    email: 'E-mail address',
    address: 'Full address with name and phone number',
    date: 'Day',
    time: 'Time',
  },
  formBad: {
    order: 'Please give the whole order number.',
    contact: 'Please give an e-mail address, or a phone number with all its digits.',
    email: 'This doesn’t look like an e-mail address.',
    address: 'Please give the whole address.',
    date: 'Please choose a day.',
    time: 'Please choose a time.',
  },
  formOrders: 'Your orders',
  moment: (/** @type {string} */ day, /** @type {string} */ time) => `${day} ${time}`,

  menu: 'More',
  sound: 'Sound',
  on: 'on',
  off: 'off',
  save: 'Download chat',
  end: 'End chat',
  endText: 'End this chat? You can write again whenever you like.',
  endYes: 'End chat',
  endNo: 'Go on',

  composer: 'Your message',
  placeholder: 'Write a message…',
  hint: 'Enter sends, Shift + Enter makes a new line',
  send: 'Send',
  count: (/** @type {number} */ n, /** @type {number} */ most) => `${n.toLocaleString('en')} of ${most.toLocaleString('en')} characters`,
  tooLong: (/** @type {number} */ over) => `${over.toLocaleString('en')} ${over === 1 ? 'character' : 'characters'} too many`,

  attach: 'Attach files',
  remove: 'Remove',
  download: 'Save',
  noFile: (/** @type {string} */ why, /** @type {{max_bytes: number, per_message: number} | null} */ most) => ({
    too_large: `Larger than ${(most?.max_bytes ?? 0) / 1e6} MB`,
    too_many: `Only ${most?.per_message} files at a time`,
    file_type: 'Files of this kind cannot be sent',
    empty: 'This file is empty',
    rate_limited: 'Too many files just now. Please try again later.',
  }[why] ?? 'The upload failed. Please try again.'),

  sending: 'Sending',
  sent: 'Sent',
  read: 'Read',
  notSent: (/** @type {string} */ why) => `Not sent. ${why}`,
  retry: 'Try again',
  discard: 'Delete',
  failed: {
    invalid: 'This message could not be accepted.',
    too_long: 'This message is too long.',
    conflict: 'Something went wrong on the way.',
    denied: 'This cannot be sent here. You may need to sign in.',
  },
  held: {
    rate_limited: 'A little fast: it goes out by itself in a moment.',
    busy: 'We are busy: it goes out by itself in a moment.',
  },

  connecting: 'Connecting…',
  reconnecting: 'Connection lost. Reconnecting…',
  offline: 'You are offline. What you write is kept and sent as soon as you are back.',
  offlineHere: 'You are offline. Keep this page open: what you write is sent as soon as you are back.',
  refused: 'Chat is not available on this page.',
  signIn: 'Please sign in to chat with us.',
  guest: 'We couldn’t confirm your sign-in, so you are chatting as a guest.',
  moved: 'You’re signed in: this is your own chat now. The one from before is no longer shown here. Still need help with it? Just ask again.',

  consentYes: 'Agree and send',
  consentNo: 'Not now',
  consentLink: 'Read more',

  rateTitle: 'How did we do?',
  rateStars: ['Very poor', 'Poor', 'Fair', 'Good', 'Excellent'],
  rateComment: 'Anything to add? (optional)',
  rateSend: 'Send rating',
  rateSkip: 'Not now',
  rateThanks: 'Thank you for telling us.',
  starOf: (/** @type {any} */ n) => `${n} of 5 stars`,
};

export default en;
