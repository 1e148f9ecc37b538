// @ts-check
/**
 * What the chat says itself, by language. One more language is one more object with the same keys.
 *
 * @typedef {typeof en} Words
 */

/** @param {number} seconds @param {(n: number) => string} minutes @param {(n: number) => string} hours @param {string} soon */
const span = (seconds, minutes, hours, soon) => {
  if (seconds < 60) return soon;
  return seconds < 90 * 60 ? minutes(Math.ceil(seconds / 60)) : hours(Math.round(seconds / 3600));
};

const en = {
  tag: 'en',
  title: 'Support',
  open: 'Open chat',
  openUnread: (/** @type {any} */ n) => `Open chat, ${n} unread ${n === 1 ? 'message' : 'messages'}`,
  close: 'Close chat',
  log: 'Conversation',
  today: 'Today',
  yesterday: 'Yesterday',
  you: 'You',
  bot: 'Assistant',
  agent: 'Support team',
  system: 'Notice',
  introTitle: 'Hello! How can we help?',
  introBody: 'Ask in your own words, in English or Chinese. You can talk to a person whenever you like.',

  withBot: 'Assistant · answers right away',
  withAgent: (/** @type {string} */ name) => (name ? `${name} is here to help` : 'You are talking to our team'),
  queued: (/** @type {number | null} */ n) => (n ? (n === 1 ? 'You are next in line' : `You are number ${n} in line`) : 'Waiting for a person'),
  wait: (/** @type {number} */ s) => span(s, (m) => `Expected wait: about ${m} min`, (h) => `Expected wait: about ${h} h`, 'Expected wait: less than a minute'),
  queueHint: 'You can keep writing. Nothing gets lost, even if you close this window.',
  ended: 'This conversation has ended',
  ticket: (/** @type {any} */ t) => `Ticket ${t}`,

  person: 'Talk to a person',
  personText: 'I would like to talk to a person',
  choices: 'Choose an answer',
  typing: (/** @type {string} */ name) => `${name} is typing`,
  newMessages: 'New messages',

  composer: 'Your message',
  placeholder: 'Write a message…',
  hint: 'Enter sends, Shift + Enter makes a new line',
  send: 'Send',
  count: (/** @type {number} */ n, /** @type {number} */ most) => `${n.toLocaleString('en')} of ${most.toLocaleString('en')} characters`,
  tooLong: (/** @type {number} */ over) => `${over.toLocaleString('en')} ${over === 1 ? 'character' : 'characters'} too many`,

  sending: 'Sending',
  sent: 'Sent',
  notSent: 'Not sent',
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
  refused: 'Chat is not available on this page.',

  rateTitle: 'How did we do?',
  rateStars: ['Very poor', 'Poor', 'Fair', 'Good', 'Excellent'],
  rateComment: 'Anything to add? (optional)',
  rateSend: 'Send rating',
  rateSkip: 'Not now',
  rateThanks: 'Thank you for telling us.',
  starOf: (/** @type {any} */ n) => `${n} of 5 stars`,
};

/** @type {Words} */
const zh = {
  tag: 'zh-CN',
  title: '在线客服',
  open: '打开在线客服',
  openUnread: (n) => `打开在线客服，${n} 条未读消息`,
  close: '收起聊天窗口',
  log: '聊天记录',
  today: '今天',
  yesterday: '昨天',
  you: '我',
  bot: '智能客服',
  agent: '人工客服',
  system: '系统提示',
  introTitle: '您好，请问有什么可以帮您？',
  introBody: '直接说出您的问题就好，中文、英文都可以。需要时可随时转接人工客服。',

  withBot: '智能客服 · 即时回复',
  withAgent: (name) => (name ? `${name} 正在为您服务` : '人工客服正在为您服务'),
  queued: (n) => (n ? `排队中，您排在第 ${n} 位` : '正在为您转接人工客服'),
  wait: (s) => span(s, (m) => `预计等待 ${m} 分钟`, (h) => `预计等待 ${h} 小时`, '预计等待不到 1 分钟'),
  queueHint: '等待期间可以继续留言；关闭窗口也不会丢失消息。',
  ended: '本次服务已结束',
  ticket: (t) => `工单 ${t}`,

  person: '转人工',
  personText: '转人工',
  choices: '请选择',
  typing: (name) => `${name}正在输入`,
  newMessages: '有新消息',

  composer: '消息内容',
  placeholder: '请输入您的问题…',
  hint: '按 Enter 发送，Shift + Enter 换行',
  send: '发送',
  count: (n, most) => `${n} / ${most} 字`,
  tooLong: (over) => `超出 ${over} 字，请精简后发送`,

  sending: '发送中',
  sent: '已发送',
  notSent: '发送失败',
  retry: '重新发送',
  discard: '删除',
  failed: {
    invalid: '这条消息无法发送。',
    too_long: '消息太长了。',
    conflict: '发送时出了点问题。',
    denied: '当前无法发送，可能需要先登录。',
  },
  held: {
    rate_limited: '发送得有点快，稍后会自动发出。',
    busy: '当前咨询较多，稍后会自动发出。',
  },

  connecting: '正在连接…',
  reconnecting: '连接已断开，正在重新连接…',
  offline: '网络已断开。您写的内容会保留，恢复后自动发送。',
  refused: '当前页面暂不支持在线客服。',

  rateTitle: '请为本次服务打分',
  rateStars: ['非常不满意', '不满意', '一般', '满意', '非常满意'],
  rateComment: '还有什么想对我们说的？（选填）',
  rateSend: '提交评价',
  rateSkip: '暂不评价',
  rateThanks: '感谢您的评价！',
  starOf: (n) => `${n} 星，满分 5 星`,
};

/** Every language of the chat; the first is the one for everyone else. */
export const LANGUAGES = [en, zh];

/** @param {string} tag A language tag of any exactness. @returns {Words} */
export function wordsFor(tag) {
  const language = tag.toLowerCase().split(/[-_]/)[0];
  return LANGUAGES.find((one) => one.tag.toLowerCase() === tag.toLowerCase())
    ?? LANGUAGES.find((one) => one.tag.split('-')[0] === language)
    ?? LANGUAGES[0];
}
