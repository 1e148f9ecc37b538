// @ts-check
/** How the chat looks. Logical properties throughout; a page may set --frontdesk-accent and --frontdesk-on-accent. */
export const STYLE = /* css */ `
:host {
  --bg: #fffdf9; --soft: #f5f1ea; --line: #e5ded3; --text: #23211d; --dim: #68635a; --mine: var(--a); --on-mine: var(--o);
  --theirs: #f3eee6; --warm: #9a5b16; --warm-bg: #fbf1e0; --bad: #b3261e; --focus: var(--a);
  --shadow: 0 2px 6px rgb(40 34 24 / .08), 0 18px 56px rgb(40 34 24 / .2);
  --font: system-ui, -apple-system, 'Segoe UI', Roboto, 'PingFang SC', 'Hiragino Sans GB', 'Noto Sans SC', 'Noto Sans CJK SC', 'Microsoft YaHei', sans-serif;
  color-scheme: light dark;
}
@media (prefers-color-scheme: dark) {
  :host {
    --bg: #1b1d1b; --soft: #242724; --line: #383c38; --text: #ecebe6; --dim: #a9aca4; --theirs: #2a2e2b;
    --warm: #e9b872; --warm-bg: #33291a; --bad: #ff9b92;
    --shadow: 0 2px 6px rgb(0 0 0 / .4), 0 18px 56px rgb(0 0 0 / .55);
  }
}
[hidden] { display: none !important; }
*, *::before, *::after { box-sizing: border-box; }
.hidden { position: absolute; inline-size: 1px; block-size: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }

.panel {
  position: fixed; inset-block-end: calc(92px + env(safe-area-inset-bottom, 0px)); inset-inline-end: calc(20px + env(safe-area-inset-right, 0px));
  inline-size: 392px; block-size: min(660px, calc(100vh - 116px)); max-inline-size: calc(100vw - 40px);
  display: flex; flex-direction: column; overflow: hidden; border-radius: 20px; border: 1px solid var(--line);
  background: var(--bg); color: var(--text); font: 400 15px/1.5 var(--font); box-shadow: var(--shadow);
  text-align: start; -webkit-font-smoothing: antialiased; animation: rise .2s cubic-bezier(.2, .7, .2, 1);
}
@keyframes rise { from { opacity: 0; transform: translateY(10px) scale(.985); } }
h2, p, fieldset, legend { margin: 0; padding: 0; border: 0; font: inherit; }
button, textarea { font: inherit; color: inherit; letter-spacing: inherit; }
button { cursor: pointer; border: 0; background: none; padding: 0; -webkit-tap-highlight-color: transparent; }
:focus { outline: none; }
:focus-visible { outline: 2px solid var(--focus); outline-offset: 2px; }
.icon { inline-size: 1.25em; block-size: 1.25em; flex: none; fill: none; stroke: currentColor; stroke-width: 1.8; stroke-linecap: round; stroke-linejoin: round; }

.header { display: flex; align-items: center; gap: 12px; padding: 14px; border-block-end: 1px solid var(--line); }
.mark { inline-size: 40px; block-size: 40px; flex: none; border-radius: 50%; display: grid; place-items: center; font-weight: 600; font-size: 17px;
  background: var(--a); color: var(--o); }
.mark[data-owner=queue] { background: var(--warm-bg); color: var(--warm); }
.mark[data-owner=agent] { background: var(--warm); color: var(--bg); }
.heading { flex: 1; min-inline-size: 0; }
.title { font-weight: 650; font-size: 16px; line-height: 1.3; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.title:focus-visible { outline: none; }
.subtitle { color: var(--dim); font-size: 13px; line-height: 1.4; min-block-size: 1.4em; overflow-wrap: anywhere; }
.plain { inline-size: 40px; block-size: 40px; display: grid; place-items: center; border-radius: 50%; color: var(--dim); font-size: 18px; }
.plain:hover { background: var(--soft); color: var(--text); }

.queue { display: flex; gap: 12px; align-items: baseline; padding: 10px 16px; background: var(--warm-bg); color: var(--text); font-size: 13px; line-height: 1.45;
  border-block-end: 1px solid var(--line); }
.queue strong { display: block; font-weight: 600; color: var(--warm); }
.pulse { inline-size: 8px; block-size: 8px; flex: none; border-radius: 50%; background: var(--warm); animation: pulse 1.8s ease-in-out infinite; }
@keyframes pulse { 50% { opacity: .3; } }

.middle { position: relative; flex: 1; min-block-size: 0; display: flex; }
.scroller { flex: 1; overflow-y: auto; overscroll-behavior: contain; padding: 16px; display: flex; flex-direction: column; scrollbar-width: thin; }
.scroller > :first-child { margin-block-start: auto; }
.list { display: flex; flex-direction: column; border-radius: 8px; }
.intro { margin-block: auto; padding: 12px 20px; text-align: center; }
.intro[hidden] + .list { margin-block-start: auto; }
.intro-mark { display: inline-grid; place-items: center; inline-size: 60px; block-size: 60px; margin-block-end: 16px; border-radius: 50%; background: var(--warm-bg); color: var(--warm); font-size: 24px; }
.intro-title { font-size: 19px; font-weight: 650; line-height: 1.35; margin-block-end: 8px; text-wrap: balance; }
.intro-body { color: var(--dim); text-wrap: pretty; }

.day { display: flex; justify-content: center; margin-block: 14px 12px; }
.day:first-child { margin-block-start: 0; }
.day span { color: var(--dim); font-size: 12px; }
.entry { display: flex; flex-direction: column; align-items: flex-start; margin-block-start: 3px; max-inline-size: 100%; position: relative; }
.entry.first { margin-block-start: 12px; }
.day + .entry.first { margin-block-start: 0; }
.entry.mine { align-items: flex-end; }
.name { color: var(--dim); font-size: 12px; margin: 0 4px 3px; }
.agent .name { color: var(--warm); font-weight: 600; }
.bubble { max-inline-size: 85%; padding: 9px 14px; border-radius: 18px; white-space: pre-wrap; overflow-wrap: anywhere; line-height: 1.5; }
.theirs .bubble { background: var(--theirs); border-start-start-radius: 6px; border-end-start-radius: 6px; }
.theirs.first .bubble { border-start-start-radius: 18px; }
.agent .bubble { background: var(--warm-bg); }
.mine .bubble { background: var(--mine); color: var(--on-mine); border-start-end-radius: 6px; border-end-end-radius: 6px; }
.mine.first .bubble { border-start-end-radius: 18px; }
.pending .bubble { opacity: .8; }
.failed .bubble { opacity: 1; background: transparent; color: var(--text); box-shadow: inset 0 0 0 1.5px var(--bad); }
.notice { align-items: center; margin-block: 10px; }
.notice .bubble { background: none; color: var(--dim); font-size: 13px; padding: 0 16px; text-align: center; max-inline-size: 92%; }
.bubble a { color: inherit; text-decoration: underline; text-underline-offset: 2px; }
.theirs .bubble a { color: var(--a); }
.meta { display: flex; flex-wrap: wrap; align-items: center; gap: 2px 6px; margin: 3px 4px 0; color: var(--dim); font-size: 11.5px; line-height: 1.4; }
.mine .meta { justify-content: flex-end; }
.trouble { color: var(--bad); font-size: 12.5px; }
.link { color: var(--a); text-decoration: underline; text-underline-offset: 3px; font-size: 13px; padding: 4px; border-radius: 6px; }
.choices { display: flex; flex-wrap: wrap; gap: 8px; margin-block-start: 10px; order: 3; }
.choice { min-block-size: 38px; padding: 7px 15px; border-radius: 19px; border: 1.5px solid var(--a); color: var(--a); background: var(--bg); font-weight: 550; font-size: 14px; line-height: 1.4; text-align: start; overflow-wrap: anywhere; }
.choice:hover { background: var(--a); color: var(--o); }

.typing { display: flex; gap: 5px; align-self: flex-start; margin-block-start: 12px; padding: 14px; border-radius: 18px; border-end-start-radius: 6px; background: var(--theirs); }
.typing i { inline-size: 7px; block-size: 7px; border-radius: 50%; background: var(--dim); animation: dot 1.2s ease-in-out infinite; }
.typing i:nth-of-type(2) { animation-delay: .15s; } .typing i:nth-of-type(3) { animation-delay: .3s; }
@keyframes dot { 0%, 60%, 100% { opacity: .35; transform: none; } 30% { opacity: 1; transform: translateY(-3px); } }

.rating { margin-block-start: 16px; }
.card { display: flex; flex-direction: column; align-items: center; gap: 8px; padding: 18px 16px 10px; border: 1px solid var(--line); border-radius: 18px; background: var(--soft); }
.card fieldset { inline-size: 100%; text-align: center; min-inline-size: 0; }
.card legend { inline-size: 100%; font-weight: 600; margin-block-end: 8px; }
.stars { display: flex; justify-content: center; gap: 4px; position: relative; }
.star { cursor: pointer; display: grid; place-items: center; inline-size: 44px; block-size: 44px; border-radius: 12px; color: var(--warm); font-size: 25px; }
.star:hover { background: var(--warm-bg); }
.star.on .icon { fill: currentColor; }
input:focus-visible + .star { outline: 2px solid var(--focus); }
.verdict { min-block-size: 1.5em; color: var(--dim); font-size: 13px; }
.more { inline-size: 100%; display: flex; flex-direction: column; gap: 10px; }
.comment { inline-size: 100%; resize: none; padding: 9px 12px; border: 1px solid var(--line); border-radius: 12px; background: var(--bg); }
.solid { min-block-size: 42px; border-radius: 21px; background: var(--a); color: var(--o); font-weight: 600; }
.thanks { display: flex; justify-content: center; align-items: center; gap: 8px; padding: 10px; color: var(--dim); }
.thanks .icon { color: var(--a); }

.jump { position: absolute; inset-block-end: 10px; inset-inline: 0; margin-inline: auto; inline-size: max-content; display: flex; align-items: center; gap: 6px;
  padding: 7px 14px; border-radius: 18px; background: var(--a); color: var(--o); font-size: 13px; font-weight: 550; box-shadow: 0 4px 16px rgb(30 25 15 / .25); }

.foot { padding: 8px 12px calc(12px + env(safe-area-inset-bottom, 0px)); }
.notice-bar { margin-block: 0 8px; padding: 8px 12px; border-radius: 12px; background: var(--soft); color: var(--text); font-size: 13px; line-height: 1.45; }
.notice-bar.offline { background: var(--warm-bg); }
.actions { display: flex; padding: 0 2px; }
.person { display: inline-flex; align-items: center; gap: 6px; min-block-size: 32px; margin-block: 2px 8px; padding: 0 12px; border: 1px solid var(--line); border-radius: 16px; color: var(--text); font-size: 13px; }
.person .icon { color: var(--a); }
.person:hover { background: var(--soft); }
.field { display: flex; align-items: flex-end; gap: 6px; padding: 4px; border: 1.5px solid var(--line); border-radius: 24px; background: var(--bg); }
.field:focus-within { border-color: var(--focus); }
.input { flex: 1; min-inline-size: 0; resize: none; border: 0; background: none; padding: 8px 10px; block-size: 39px; max-block-size: 132px; line-height: 1.5; overflow-y: auto; scrollbar-width: thin; }
.input:focus-visible { outline: none; }
.input::placeholder, .comment::placeholder { color: var(--dim); opacity: 1; }
.send { flex: none; inline-size: 39px; block-size: 39px; border-radius: 50%; display: grid; place-items: center; background: var(--a); color: var(--o); font-size: 17px; }
.send[aria-disabled=true] { background: var(--soft); color: var(--dim); cursor: default; }
.count { display: block; padding: 4px 12px 0; font-size: 12px; color: var(--dim); text-align: end; }
.count:empty { display: none; }
.count.over { color: var(--bad); }

@media (max-width: 479.98px) {
  .panel { inset: 0; inset-block-start: var(--from, 0); inset-block-end: auto; inline-size: 100%; max-inline-size: none; block-size: 100vh; block-size: var(--seen, 100dvh); border: 0; border-radius: 0; }
  .header { padding-block-start: calc(12px + env(safe-area-inset-top, 0px)); }
  .launcher.open { display: none; }
  .input, .comment { font-size: 16px; }
  .foot { padding-block-end: calc(10px + env(safe-area-inset-bottom, 0px)); }
}
@media (prefers-reduced-motion: reduce) { .panel, .pulse, .typing i { animation: none; } }
@media (prefers-contrast: more) { :host { --line: currentColor; --dim: var(--text); } }
@media (forced-colors: active) {
  .bubble, .typing, .notice-bar, .mark, .solid, .send { border: 1px solid CanvasText; }
  .mine .bubble { border: 2px solid Highlight; }
  .star.on { color: Highlight; forced-color-adjust: none; }
  .typing i, .pulse { background: CanvasText; }
}
`;
