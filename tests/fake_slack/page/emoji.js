// The emoji a desk uses, drawn, so that they look alike on machines without an emoji font.
const SVG = {
  eyes: '<ellipse cx="10.5" cy="18" rx="7.5" ry="11" fill="#fff" stroke="#c9c9cf" stroke-width="1.5"/><ellipse cx="25.5" cy="18" rx="7.5" ry="11" fill="#fff" stroke="#c9c9cf" stroke-width="1.5"/><circle cx="8" cy="19" r="4.2" fill="#2b2b35"/><circle cx="23" cy="19" r="4.2" fill="#2b2b35"/>',
  white_check_mark: '<rect x="2" y="2" width="32" height="32" rx="7" fill="#43a047"/><path d="M9 18.5l6.5 6.5L27.500 11.500" fill="none" stroke="#fff" stroke-width="4.5" stroke-linecap="round" stroke-linejoin="round"/>',
  rotating_light: '<rect x="5" y="28" width="26" height="6" rx="2" fill="#6b7280"/><path d="M8 28V17a10 10 0 0 1 20 0v11z" fill="#e53935"/><path d="M13 28V18a5 5 0 0 1 5-5" fill="none" stroke="#ff8a80" stroke-width="2.500" stroke-linecap="round"/><path d="M18 1v4M4 7l3 3M32 7l-3 3" stroke="#fb8c00" stroke-width="2.600" stroke-linecap="round"/>',
  leftwards_arrow_with_hook: '<rect x="2" y="2" width="32" height="32" rx="7" fill="#4a90d9"/><path d="M16 10l-6 6 6 6M10.500 16H22a5 5 0 0 1 0 10h-5" fill="none" stroke="#fff" stroke-width="3.400" stroke-linecap="round" stroke-linejoin="round"/>',
  "+1": '<path d="M4 17h6v15H4z" fill="#4a90d9"/><path d="M11 31V17l6-13c3 0 4.500 2 4 5l-1 6h10c2 0 3 2 2 4l-4 11c-.5 1.500-1.500 2-3 2H14z" fill="#ffcc4d" stroke="#e0a92e"/>',
  robot_face: '<rect x="5" y="9" width="26" height="21" rx="5" fill="#90a4ae"/><circle cx="18" cy="4" r="2.500" fill="#e53935"/><path d="M18 6v4" stroke="#607d8b" stroke-width="2"/><circle cx="12.500" cy="18" r="3.200" fill="#fff"/><circle cx="23.500" cy="18" r="3.200" fill="#fff"/><path d="M12 25h12" stroke="#fff" stroke-width="2.400" stroke-linecap="round"/>',
  hourglass_flowing_sand: '<path d="M8 3h20v3l-8 12 8 12v3H8v-3l8-12L8 6z" fill="#cfe8fc" stroke="#8d6e63" stroke-width="2"/><path d="M12 8h12l-6 8zM12 30c2-5 10-5 12 0z" fill="#ffb74d"/>',
  warning: '<path d="M18 3 34 32H2z" fill="#ffcc4d" stroke="#e0a92e" stroke-linejoin="round"/><path d="M18 13v9" stroke="#33302a" stroke-width="3.400" stroke-linecap="round"/><circle cx="18" cy="27.500" r="2" fill="#33302a"/>',
  lock: '<rect x="7" y="16" width="22" height="17" rx="3" fill="#ffb300"/><path d="M12 16v-5a6 6 0 0 1 12 0v5" fill="none" stroke="#78909c" stroke-width="3.400"/><circle cx="18" cy="24" r="2.600" fill="#6d4c00"/>',
  ticket: '<path d="M3 10h30v6a3 3 0 0 0 0 6v6H3v-6a3 3 0 0 0 0-6z" fill="#f48fb1"/><path d="M11 12v14" stroke="#fff" stroke-width="2" stroke-dasharray="2.500 2.500"/>',
  pushpin: '<path d="M23 3l10 10-4 1-6 7c1 3 0 5-1 6L8 14c2-1 4-2 6-1l7-6z" fill="#e53935"/><path d="M14 22 4 32" stroke="#90a4ae" stroke-width="2.600" stroke-linecap="round"/>',
  wave: '<circle cx="18" cy="20" r="12" fill="#ffcc4d"/><path d="M10 16V6M16 13V3M22 13V4M28 18V9" stroke="#ffcc4d" stroke-width="5" stroke-linecap="round"/><path d="M10 16V8M16 13V7M22 13V7" stroke="#e0a92e" stroke-width="1"/>',
  star: '<path d="M18 2l5 10.500 11.500 1.500-8.500 8 2.200 11.500L18 28l-10.200 5.500L10 22 1.500 14 13 12.500z" fill="#ffca28"/>',
  heart: '<path d="M18 32C6 23 2 18 2 12a8 8 0 0 1 16-2 8 8 0 0 1 16 2c0 6-4 11-16 20z" fill="#e53935"/>',
  speech_balloon: '<path d="M4 5h28a2 2 0 0 1 2 2v16a2 2 0 0 1-2 2H16l-8 7v-7H4a2 2 0 0 1-2-2V7a2 2 0 0 1 2-2z" fill="#cfd8dc"/><path d="M9 12h18M9 18h12" stroke="#78909c" stroke-width="2.400" stroke-linecap="round"/>',
  x: '<path d="M7 7l22 22M29 7L7 29" stroke="#e53935" stroke-width="6" stroke-linecap="round"/>',
  bell: '<path d="M18 3c-7 0-10 5-10 12v7l-4 5h28l-4-5v-7c0-7-3-12-10-12z" fill="#ffb300"/><circle cx="18" cy="30" r="3.600" fill="#c77f00"/>',
  package: '<path d="M3 11l15-7 15 7v15l-15 7-15-7z" fill="#c68a4f"/><path d="M3 11l15 7 15-7M18 18v15" stroke="#8d5a2b" stroke-width="1.600" fill="none"/><path d="M10 8l15 7v5" stroke="#f4dfc3" stroke-width="3" fill="none"/>',
  slightly_smiling_face: '<circle cx="18" cy="18" r="16" fill="#ffcc4d"/><circle cx="12.500" cy="15" r="2.300" fill="#664500"/><circle cx="23.500" cy="15" r="2.300" fill="#664500"/><path d="M11 22c3 5 11 5 14 0" fill="none" stroke="#664500" stroke-width="2.200" stroke-linecap="round"/>',
  cry: '<circle cx="18" cy="18" r="16" fill="#ffcc4d"/><circle cx="12.500" cy="15" r="2.300" fill="#664500"/><circle cx="23.500" cy="15" r="2.300" fill="#664500"/><path d="M12 26c3-4 9-4 12 0" fill="none" stroke="#664500" stroke-width="2.200" stroke-linecap="round"/><path d="M24 19c3 5 2 8 0 8s-3-3 0-8z" fill="#5dadec"/>',
  rage: '<circle cx="18" cy="18" r="16" fill="#e5533d"/><path d="M9 12l6 3M27 12l-6 3" stroke="#4e1207" stroke-width="2.400" stroke-linecap="round"/><circle cx="13" cy="18" r="2" fill="#4e1207"/><circle cx="23" cy="18" r="2" fill="#4e1207"/><path d="M12 27c3-4 9-4 12 0" fill="none" stroke="#4e1207" stroke-width="2.200" stroke-linecap="round"/>',
};
for (const [color, name] of [["#e53935", "red_circle"], ["#fb8c00", "large_orange_circle"], ["#fdd835", "large_yellow_circle"], ["#43a047", "large_green_circle"], ["#1e88e5", "large_blue_circle"], ["#eceff1", "white_circle"], ["#37474f", "black_circle"]])
  SVG[name] = `<circle cx="18" cy="18" r="15" fill="${color}"/>`;
const SAME = { thumbsup: "+1", hourglass: "hourglass_flowing_sand", leftwards_arrow: "leftwards_arrow_with_hook", robot: "robot_face", smile: "slightly_smiling_face", blush: "slightly_smiling_face", large_red_circle: "red_circle", heavy_check_mark: "white_check_mark", angry: "rage", sob: "cry", admission_tickets: "ticket", star2: "star", pray: "wave" };
const CHARACTERS = { "👀": "eyes", "✅": "white_check_mark", "🚨": "rotating_light", "↩": "leftwards_arrow_with_hook", "👍": "+1", "🤖": "robot_face", "⏳": "hourglass_flowing_sand", "⌛": "hourglass_flowing_sand", "⚠": "warning", "🔒": "lock", "🎫": "ticket", "📌": "pushpin", "👋": "wave", "⭐": "star", "🌟": "star", "❤": "heart", "💬": "speech_balloon", "❌": "x", "🔔": "bell", "📦": "package", "🙂": "slightly_smiling_face", "😊": "slightly_smiling_face", "😭": "cry", "😢": "cry", "😡": "rage", "😤": "rage", "🔴": "red_circle", "🟠": "large_orange_circle", "🟡": "large_yellow_circle", "🟢": "large_green_circle", "🔵": "large_blue_circle", "⚪": "white_circle", "⚫": "black_circle" };

export const PICKS = ["eyes", "white_check_mark", "rotating_light", "leftwards_arrow_with_hook", "+1", "ticket"];
export const IN_TEXT = new RegExp(`:([a-z0-9_+'-]+):|(${Object.keys(CHARACTERS).join("|")})\\ufe0f?`, "gu");

export function emoji(name) {
  const known = SAME[name] ?? name;
  if (!SVG[known]) return document.createTextNode(`:${name}:`);
  const span = document.createElement("span");
  span.title = `:${name}:`;
  span.innerHTML = `<svg class="emoji" viewBox="0 0 36 36" role="img" aria-label="${known}">${SVG[known]}</svg>`;
  return span;
}

export const found = (match) => emoji(match[1] ?? CHARACTERS[match[2]]);
