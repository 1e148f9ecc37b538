// @ts-check
/**
 * The demo shop: shows the products, lets the visitor try the chat as somebody, and shows how a page talks to the widget.
 *
 * @typedef {{en: string, zh: string}} Both
 * @typedef {{id: string, names: Both, description: Both, prices: {USD: string | number, CNY: string | number}, stock: number, category: string, emoji: string}} Product
 * @typedef {{id: string, name: string, language: string, tier: string | null, about: Both}} Customer
 * @typedef {{number: string, state: string, placed_on: string, total: string | number, currency: string, lines: Array<{name: Both, quantity: number}>}} Order
 * @typedef {{identity: string, customer: Customer, orders: Order[]}} SignIn
 */

const TEXTS = {
  en: {
    skip: 'Skip to the content', nav: 'Sections', language: 'Language', navTry: 'Try the chat', navShop: 'Shop', navEmbed: 'Embed',
    eyebrow: 'Frontdesk demo shop', headline: 'Good light, honest wood, and someone to ask.',
    lead: 'Lamps, kitchenware and soft things for the home. Ask anything in the chat: where an order is, how to send something back, which lamp to choose.',
    ask: 'Ask a question', browse: 'Browse the shop',
    tryTitle: 'Try it as…', tryLead: 'The assistant recognises a signed-in customer, knows their orders and does not ask twice.',
    stranger: 'A stranger', strangerAbout: 'Not signed in. The assistant asks for what it needs.',
    signedIn: (/** @type {string} */ name) => `Signed in as ${name}`, signOut: 'Sign out', noOrders: 'No orders yet.',
    sayTitle: 'Then say something', productsTitle: 'The shop', categories: 'Categories', all: 'All',
    inStock: 'In stock', fewLeft: (/** @type {number} */ n) => `Only ${n} left`, soldOut: 'Sold out', askAbout: 'Ask about this', shut: 'Close',
    question: (/** @type {string} */ name) => `Tell me about the ${name}`,
    where: (/** @type {string} */ number) => `Where is my order ${number}?`,
    embedTitle: 'One line for your own site', embedLead: 'Under 5 KB until a visitor shows interest. Until then no cookie is set, nothing is stored and nothing is sent.',
    optionSite: 'Site', optionLanguage: 'Language', optionColour: 'Colour', optionPosition: 'Corner', optionTheme: 'Theme',
    preview: 'Preview: a page with this code in it', snippet: 'The code',
    locale: { '': 'As the page', en: 'English', 'zh-CN': '中文' }, position: { '': 'Right', start: 'Left' },
    theme: { '': 'Automatic', light: 'Light', dark: 'Dark' },
    accent: { '': 'The shop’s', '#2b59c3': 'Blue', '#7a3fb8': 'Violet', '#b3472e': 'Terracotta', '#f2b632': 'Amber', '#20262e': 'Ink' }, ownColour: 'A colour of your own',
    copy: 'Copy', copied: 'Copied', showAll: (/** @type {number} */ n) => `Show all ${n}`, footer: 'A made-up shop. Its customers, orders and addresses are invented.',
    problem: 'The products could not be loaded. Reload the page to try again.', signInFailed: 'Signing in did not work. Please try again.',
  },
  zh: {
    skip: '跳到正文', nav: '页面导航', language: '语言', navTry: '体验客服', navShop: '全部商品', navEmbed: '嵌入网站',
    eyebrow: 'Frontdesk 演示商店', headline: '好光，好木，有问必答。',
    lead: '灯具、厨具和柔软的家居用品。有问题就在聊天里问：订单到哪了、怎么退货、该选哪盏灯，都可以。',
    ask: '咨询客服', browse: '逛逛商品',
    tryTitle: '换个身份试试', tryLead: '登录后，客服会认出您，知道您的订单，不用反复询问。',
    stranger: '访客', strangerAbout: '未登录，客服会询问所需的信息。',
    signedIn: (/** @type {string} */ name) => `已登录：${name}`, signOut: '退出登录', noOrders: '暂无订单。',
    sayTitle: '然后说点什么', productsTitle: '全部商品', categories: '商品分类', all: '全部',
    inStock: '有货', fewLeft: (/** @type {number} */ n) => `仅剩 ${n} 件`, soldOut: '已售罄', askAbout: '咨询这件商品', shut: '关闭',
    question: (/** @type {string} */ name) => `请介绍一下${name}`,
    where: (/** @type {string} */ number) => `我的订单 ${number} 到哪了？`,
    embedTitle: '一行代码，嵌入您的网站', embedLead: '访客有所动作之前，只加载不到 5 KB；不写 Cookie，不存数据，也不发请求。',
    optionSite: '站点', optionLanguage: '语言', optionColour: '颜色', optionPosition: '位置', optionTheme: '外观',
    preview: '预览：嵌入这段代码的页面', snippet: '嵌入代码',
    locale: { '': '跟随页面', en: 'English', 'zh-CN': '中文' }, position: { '': '右下角', start: '左下角' },
    theme: { '': '自动', light: '浅色', dark: '深色' },
    accent: { '': '本店配色', '#2b59c3': '蓝色', '#7a3fb8': '紫色', '#b3472e': '陶土色', '#f2b632': '琥珀色', '#20262e': '墨色' }, ownColour: '自选颜色',
    copy: '复制', copied: '已复制', showAll: (/** @type {number} */ n) => `查看全部 ${n} 件商品`, footer: '本店为演示而设，顾客、订单和地址均为虚构。',
    problem: '商品加载失败，请刷新页面重试。', signInFailed: '登录失败，请重试。',
  },
};

const STATES = {
  awaiting_payment: { en: 'Awaiting payment', zh: '待付款', look: '' },
  paid: { en: 'Paid', zh: '已付款', look: 'moving' },
  packing: { en: 'Being packed', zh: '备货中', look: 'moving' },
  dispatched: { en: 'On its way', zh: '运输中', look: 'moving' },
  delivered: { en: 'Delivered', zh: '已签收', look: 'done' },
  completed: { en: 'Completed', zh: '已完成', look: 'done' },
  cancelled: { en: 'Cancelled', zh: '已取消', look: '' },
  return_requested: { en: 'Return requested', zh: '退货申请中', look: 'moving' },
  return_in_transit: { en: 'Return on its way', zh: '退货运输中', look: 'moving' },
  refunded: { en: 'Refunded', zh: '已退款', look: 'done' },
};
const TIERS = { standard: { en: 'Standard', zh: '普通会员' }, silver: { en: 'Silver', zh: '银卡会员' }, gold: { en: 'Gold', zh: '金卡会员' } };
const CATEGORIES = {
  lighting: { en: 'Lighting', zh: '灯具' }, kitchen: { en: 'Kitchen', zh: '厨房' }, home: { en: 'Home', zh: '家居' },
  bedding: { en: 'Bedding', zh: '床品' }, electronics: { en: 'Electronics', zh: '小家电' }, small_electronics: { en: 'Electronics', zh: '小家电' },
  clothing: { en: 'Clothing', zh: '服饰' }, baby: { en: 'Baby', zh: '母婴' }, furniture: { en: 'Furniture', zh: '家具' },
  decor: { en: 'Decor', zh: '装饰' }, bath: { en: 'Bath', zh: '卫浴' }, gifts: { en: 'Gifts', zh: '礼品' }, curtains: { en: 'Curtains', zh: '窗帘' },
};
const SAYINGS = {
  en: ['Where is my order?', 'I want to return a lamp', 'How long does delivery take?', 'Do you have a discount code?', 'Talk to a person', '我要退货'],
  zh: ['我的订单到哪了？', '我要退货', '多久能送到？', '怎么开发票？', '转人工', 'Where is my order?'],
};
/** The drawing for a product, by its id and English name; the first that fits. @type {Array<[string, RegExp]>} */
const PICTURES = [
  ['gift', /gift/], ['floorlamp', /floor[-_ ]?lamp/], ['pendant', /pendant|ceiling|chandelier/], ['nightlight', /night|bedside|lantern/], ['bulb', /bulb/],
  ['lamp', /lamp|light\b/], ['kettle', /kettle|teapot|pot\b/], ['mug', /\bmug|cup\b/], ['grinder', /grinder|coffee m|french press|espresso/], ['pan', /\bpan\b|skillet|wok|cookware/],
  ['board', /board|knife|knives/], ['bowl', /bowl|plate|dinner/], ['bottle', /bottle|flask|thermos|diffuser|humidifier/], ['toaster', /toaster|\boven/],
  ['speaker', /speaker/], ['headphones', /headphone|earbud|earphone/], ['vacuum', /vacuum|robot/], ['purifier', /purifier|heater|fan\b/], ['clock', /clock|alarm|timer/],
  ['charger', /charg|power bank|plug/], ['curtain', /curtain|blind/], ['pillow', /pillow|cushion/], ['blanket', /blanket|throw/], ['towel', /towel|bath/],
  ['bedding', /duvet|bedding|mattress|sheet|quilt|\bbed\b/], ['chair', /chair|stool|sofa/], ['table', /table|desk/], ['shelf', /shelf|shelv|bookcase|rack/], ['rug', /rug|carpet|mat\b/],
  ['onesie', /onesie|romper|bodysuit|baby.*(suit|cloth)/], ['bear', /bear|toy|plush|baby|rattle/], ['sweater', /sweater|cardigan|jumper|hoodie|coat/], ['socks', /sock|slipper/],
  ['shirt', /shirt|tee\b|pajama|pyjama|apron|robe|dress/], ['candle', /candle/], ['vase', /vase|plant|flower/], ['basket', /basket|storage|box\b/],
];

/** @param {string} id @returns {any} */
const $ = (id) => document.getElementById(id);

/** @param {string} tag @param {Record<string, unknown>} [properties] @param {...(Node | string | null | undefined | false)} children @returns {any} */
function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith('on')) element.addEventListener(name.slice(2), /** @type {EventListener} */ (value));
    else element.setAttribute(name, value === true ? '' : String(value));
  }
  for (const child of children) if (child) element.append(child);
  return element;
}

const memory = {
  /** @param {string} key @returns {string | null} */
  get(key) { try { return localStorage.getItem(`shop:${key}`); } catch { return null; } },
  /** @param {string} key @param {string | null} value */
  set(key, value) {
    try {
      if (value === null) localStorage.removeItem(`shop:${key}`);
      else localStorage.setItem(`shop:${key}`, value);
    } catch { /* it holds for this page only */ }
  },
};

const FIRST = 15; // products, until all are asked for

/** @type {'en' | 'zh'} */
let language = (memory.get('language') ?? navigator.language).toLowerCase().startsWith('zh') ? 'zh' : 'en';
/** @type {{site: string, sites: string[], name: Both, products: Product[], customers: Customer[]} | null} */ let shop = null;
/** @type {SignIn | null} */ let signedIn = null;
let category = '';
let failed = '';
let all = false; // the products are shown

// --- the chat -----------------------------------------------------------------------------------

/** @param {(chat: any) => void} act As soon as the embed script has run. */
function withChat(act) {
  const chat = /** @type {any} */ (window).Frontdesk;
  if (chat?.open) act(chat);
  else window.addEventListener('frontdesk:ready', () => act(/** @type {any} */ (window).Frontdesk), { once: true });
}

/** @param {string} [draft] */
const openChat = (draft) => withChat((chat) => chat.open(draft ? { draft } : undefined));

/** @param {string} customer @returns {Promise<SignIn>} */
async function requestSignIn(customer) {
  const response = await fetch('/demo/sign-in', {
    method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ customer }),
  });
  if (!response.ok) throw new Error(String(response.status));
  return response.json();
}

/** @param {string} customer */
async function signIn(customer) {
  failed = '';
  try {
    const answer = await requestSignIn(customer);
    if (signedIn && signedIn.customer.id !== customer) withChat((chat) => chat.reset());
    signedIn = answer;
    memory.set('customer', customer);
    /** @type {string | null} */ let fresh = answer.identity;
    withChat((chat) => chat.identify(async () => {
      const identity = fresh ?? (await requestSignIn(customer)).identity; // a token is short-lived: the next one is fetched
      fresh = null;
      return identity;
    }));
  } catch {
    failed = TEXTS[language].signInFailed;
  }
  drawPeople();
}

function signOut() {
  if (!signedIn) return;
  signedIn = null;
  failed = '';
  memory.set('customer', null);
  withChat((chat) => chat.reset());
  drawPeople();
}

// --- drawing ------------------------------------------------------------------------------------

/** @param {string | number} amount @param {string} currency */
const money = (amount, currency) => new Intl.NumberFormat(language === 'zh' ? 'zh-CN' : 'en-US', {
  style: 'currency', currency, minimumFractionDigits: Number(amount) % 1 ? 2 : 0,
}).format(Number(amount));

/** @param {Product} product */
const price = (product) => (language === 'zh' ? money(product.prices.CNY, 'CNY') : money(product.prices.USD, 'USD'));

/** @param {string} name */
const categoryName = (name) => /** @type {Record<string, Both>} */ (CATEGORIES)[name]?.[language] ?? name.replaceAll('_', ' ');

/** @param {Product} product */
function picture(product) {
  const about = `${product.id.replaceAll(/[-_]/g, ' ')} ${product.names.en}`.toLowerCase();
  const found = PICTURES.find(([, pattern]) => pattern.test(about));
  const categories = [...new Set(shop?.products.map((one) => one.category))];
  const tile = h('span', { class: `tile tone${Math.max(0, categories.indexOf(product.category)) % 6}` });
  if (!found) {
    tile.append(h('span', { class: 'emoji', 'aria-hidden': 'true' }, product.emoji));
    return tile;
  }
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  const use = document.createElementNS('http://www.w3.org/2000/svg', 'use');
  svg.setAttribute('aria-hidden', 'true');
  svg.setAttribute('viewBox', '0 0 120 120');
  use.setAttribute('href', `/widget/shop/pictures.svg#${found[0]}`);
  svg.append(use);
  tile.append(svg);
  return tile;
}

/** @param {Product} product */
function stock(product) {
  const t = TEXTS[language];
  if (product.stock <= 0) return h('span', {}, t.soldOut);
  return product.stock <= 5 ? h('span', { class: 'low' }, t.fewLeft(product.stock)) : h('span', {}, t.inStock);
}

function drawProducts() {
  if (!shop) return;
  const names = ['', ...new Set(shop.products.map((product) => product.category))];
  $('categories').replaceChildren(...names.map((name) => h('button', {
    type: 'button', 'aria-pressed': String(name === category), onclick: () => { category = name; drawProducts(); },
  }, name ? categoryName(name) : TEXTS[language].all)));
  const found = shop.products.filter((product) => !category || product.category === category);
  const shown = all || category ? found : found.slice(0, FIRST);
  $('more').hidden = shown.length === found.length;
  $('more').textContent = TEXTS[language].showAll(found.length);
  $('grid').replaceChildren(...shown.map((product) => h('li', {}, h('button', {
    type: 'button', class: 'product', 'data-product': product.id, 'aria-haspopup': 'dialog', onclick: () => showProduct(product),
  }, picture(product), h('span', { class: 'label' }, product.names[language]),
  h('span', { class: 'line' }, h('span', { class: 'price' }, price(product)), stock(product))))));
}

/** @param {Product} product */
function showProduct(product) {
  const t = TEXTS[language];
  const dialog = $('detail');
  dialog.replaceChildren(
    h('div', { class: 'inside' }, picture(product), h('div', { class: 'words' },
      h('h2', { id: 'detail-name' }, product.names[language]), h('p', { class: 'price' }, price(product)),
      h('p', { class: 'about' }, product.description[language]), h('p', { class: 'about' }, stock(product)),
      h('button', { type: 'button', class: 'primary', onclick: () => { dialog.close(); openChat(t.question(product.names[language])); } }, t.askAbout))),
    h('button', { type: 'button', class: 'shut', 'aria-label': t.shut, onclick: () => dialog.close() }, '×'),
  );
  dialog.showModal();
  withChat((chat) => chat.track('product_view', { product: product.id }));
}

function drawPeople() {
  const t = TEXTS[language];
  /** @param {string | null} id @param {string} face @param {string} name @param {string} about @param {string | null} tier */
  const card = (id, face, name, about, tier) => h('button', {
    type: 'button', class: 'person', 'data-customer': id ?? '', 'aria-pressed': String((signedIn?.customer.id ?? null) === id),
    onclick: () => { if (id) signIn(id); else signOut(); },
  }, h('span', { class: 'face', 'aria-hidden': 'true' }, face), h('span', { class: 'who' },
    h('strong', {}, name, tier && tier !== 'standard' && h('span', { class: `tier ${tier}` }, /** @type {Record<string, Both>} */ (TIERS)[tier]?.[language] ?? tier)),
    h('span', { class: 'about' }, about)));
  const focused = document.activeElement?.getAttribute('data-customer');
  $('people').replaceChildren(card(null, '?', t.stranger, t.strangerAbout, null),
    ...(shop?.customers ?? []).map((one) => card(one.id, [...one.name][0], one.name, one.about[language], one.tier)));
  if (focused !== null && focused !== undefined) $('people').querySelector(`[data-customer="${CSS.escape(focused)}"]`)?.focus();

  const account = $('account');
  if (failed) account.replaceChildren(h('p', { class: 'problem' }, failed));
  else if (!signedIn) account.replaceChildren();
  else {
    const name = signedIn.customer.name;
    account.replaceChildren(h('div', { class: 'signed' },
      h('div', { class: 'signed-head' }, h('p', {}, t.signedIn(name)), h('button', { type: 'button', class: 'text-button', onclick: signOut }, t.signOut)),
      ...(signedIn.orders.length ? signedIn.orders.map(drawOrder) : [h('p', { class: 'empty' }, t.noOrders)])));
  }
}

/** @param {Order} order */
function drawOrder(order) {
  const state = /** @type {Record<string, Both & {look: string}>} */ (STATES)[order.state];
  const placed = new Intl.DateTimeFormat(language === 'zh' ? 'zh-CN' : 'en-US', { month: 'short', day: 'numeric', timeZone: 'UTC' }).format(new Date(order.placed_on));
  const goods = order.lines.map((line) => `${line.name[language]}${line.quantity > 1 ? ` × ${line.quantity}` : ''}`).join(language === 'zh' ? '、' : ', ');
  return h('div', { class: 'order' },
    h('span', {}, h('button', { type: 'button', class: 'number', onclick: () => openChat(TEXTS[language].where(order.number)) }, order.number)),
    h('span', { class: `state ${state?.look ?? ''}` }, state?.[language] ?? order.state),
    h('span', { class: 'lines' }, goods),
    h('span', { class: 'total' }, money(order.total, order.currency), h('small', {}, placed)));
}

// --- the embed script ---------------------------------------------------------------------------

const OPTIONS = /** @type {const} */ (['locale', 'accent', 'position', 'theme']);

/** The choices, in the present language; what was chosen stays. */
function drawOptions() {
  const t = TEXTS[language];
  const chosen = new FormData($('options'));
  for (const name of OPTIONS) {
    const choices = /** @type {Record<string, string>} */ (t[name]);
    const now = String(chosen.get(name) ?? '');
    const box = document.querySelector(`[data-option="${name}"]`);
    const own = name === 'accent' && now && !choices[now] ? now : '#8a5a2b';
    box?.replaceChildren(...Object.entries(choices).map(([value, label]) => choice(name, value, label, value === now)),
      ...(name === 'accent' ? [choice(name, own, t.ownColour, own === now)] : []));
  }
  const sites = shop?.sites ?? [];
  const select = $('options').elements.namedItem('site');
  $('site-option').hidden = sites.length < 2;
  if (select.options.length !== sites.length) select.replaceChildren(...sites.map((site) => h('option', { value: site, selected: site === shop?.site }, site)));
  $('preview').title = t.preview;
  drawEmbed();
}

/** @param {typeof OPTIONS[number]} name @param {string} value @param {string} label @param {boolean} checked */
function choice(name, value, label, checked) {
  const radio = h('input', { type: 'radio', name, value, checked, class: 'radio', 'aria-label': name === 'accent' && label });
  if (name !== 'accent') return h('label', {}, radio, h('span', { lang: /^\p{Script=Han}/u.test(label) ? 'zh-CN' : /English/.test(label) && 'en' }, label));
  const swatch = h('span', { class: 'swatch' });
  const own = label === TEXTS[language].ownColour;
  if (value && (!own || checked)) swatch.style.background = value; // by script: the page's policy knows no inline styles
  if (!own) return h('label', { title: label }, radio, swatch);
  swatch.classList.add('own');
  const picker = h('input', { type: 'color', class: 'picker', value, 'aria-label': label });
  picker.addEventListener('input', () => {
    radio.value = swatch.style.background = picker.value;
    radio.checked = true;
    drawEmbed();
  });
  return h('label', { title: label }, radio, swatch, picker);
}

/** The code for what is chosen, and a page with it. */
function drawEmbed() {
  if (!shop) return;
  const chosen = new FormData($('options'));
  const site = String(chosen.get('site') || shop.site);
  /** @type {Array<[string, string]>} */
  const said = [['site', site]];
  for (const name of OPTIONS) if (chosen.get(name)) said.push([name, String(chosen.get(name))]);
  const attributes = said.map(([name, value]) => `data-${name}="${value}"`);
  $('snippet').textContent = `<script src="${location.origin}/widget.js"\n        ${[...attributes, 'async'].join('\n        ')}></script>`;
  const address = `/widget/shop/preview.html?${new URLSearchParams([...said, ['lang', document.documentElement.lang]])}`;
  const preview = $('preview');
  if (preview.getAttribute('data-address') === address) return;
  preview.setAttribute('data-address', address);
  if (!preview.src) preview.src = address;
  else preview.contentWindow.location.replace(address); // without a step in the history
}

function draw() {
  const t = /** @type {Record<string, any>} */ (TEXTS[language]);
  document.documentElement.lang = language === 'zh' ? 'zh-CN' : 'en';
  for (const element of document.querySelectorAll('[data-t]')) element.textContent = t[element.getAttribute('data-t') ?? ''];
  for (const element of document.querySelectorAll('[data-label]')) element.setAttribute('aria-label', t[element.getAttribute('data-label') ?? '']);
  for (const button of document.querySelectorAll('[data-language]')) {
    button.setAttribute('aria-pressed', String(button.getAttribute('data-language') === language));
  }
  const name = shop?.name[language] ?? (language === 'zh' ? '木光生活' : 'Lumen & Oak');
  document.title = name;
  for (const element of document.querySelectorAll('[data-name]')) element.textContent = name;
  $('sayings').replaceChildren(...SAYINGS[language].map((saying) => h('button', {
    type: 'button', class: 'saying', lang: /\p{Script=Han}/u.test(saying) ? 'zh-CN' : 'en', onclick: () => openChat(saying),
  }, saying)));
  $('problem').textContent = t.problem;
  drawPeople();
  drawProducts();
  drawOptions();
  document.documentElement.classList.add('ready');
}

// --- start --------------------------------------------------------------------------------------

for (const button of document.querySelectorAll('[data-language]')) {
  button.addEventListener('click', () => {
    language = button.getAttribute('data-language') === 'zh' ? 'zh' : 'en';
    memory.set('language', language);
    draw();
    withChat((chat) => chat.setLocale(document.documentElement.lang));
  });
}
$('ask').addEventListener('click', () => openChat());
$('more').addEventListener('click', () => {
  all = true;
  drawProducts();
  $('grid').children[FIRST]?.querySelector('button')?.focus();
});
$('options').addEventListener('change', drawEmbed);
$('options').addEventListener('submit', (/** @type {Event} */ event) => event.preventDefault());
$('copy').addEventListener('click', async () => {
  try {
    await navigator.clipboard.writeText($('snippet').textContent);
    $('copied').textContent = TEXTS[language].copied;
    $('copy').textContent = TEXTS[language].copied;
    setTimeout(() => {
      $('copied').textContent = '';
      $('copy').textContent = TEXTS[language].copy;
    }, 2000);
  } catch { // an insecure origin has no clipboard: select it for copying by hand
    getSelection()?.selectAllChildren($('snippet'));
  }
});
$('detail').addEventListener('click', (/** @type {Event} */ event) => { if (event.target === $('detail')) $('detail').close(); });

draw();
withChat((chat) => chat.setLocale(document.documentElement.lang));
fetch('/demo/shop').then((response) => (response.ok ? response.json() : Promise.reject(new Error(String(response.status))))).then((answer) => {
  shop = answer;
  draw();
  const before = memory.get('customer');
  if (before && shop?.customers.some((one) => one.id === before)) signIn(before);
}).catch(() => { $('problem').hidden = false; });
