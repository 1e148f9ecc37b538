/** What the service puts in front of widget.js: see bot/channels/widget_files.py. */
declare const BUILD: string;
declare const SITES: Record<string, {
  theme: string;
  accent: string;
  on_accent: string;
  dark: { accent: string; on_accent: string };
  position: string;
  launcher?: Record<string, string>;
  z_index: number;
  mobile: string;
  greetings: Array<{
    id: string;
    pages?: string[];
    after_s?: number;
    scrolled?: number;
    event?: string;
    text: Record<string, string>;
  }>;
}>;
