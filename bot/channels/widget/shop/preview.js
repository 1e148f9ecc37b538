// @ts-check
/** A page that embeds the widget as the address says: ?site=…&accent=… become the attributes of the script. */
const script = document.createElement('script');
const said = new URLSearchParams(location.search);
for (const name of ['site', 'locale', 'accent', 'position', 'theme']) {
  const value = said.get(name);
  if (value) script.dataset[name] = value;
}
document.documentElement.lang = said.get('lang') ?? 'en';
document.documentElement.dataset.theme = said.get('theme') ?? 'auto';
script.src = '/widget.js';
document.body.append(script);
