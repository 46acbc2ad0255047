import { KINDS, type Kind } from "./flash-map.ts";

/** Colours of a picture, `#rrggbb`: one for each kind, what is written on it, and the page with its text and lines. */
export interface Palette {
  kinds: Record<Kind, string>;
  /** Text on the records. */
  label: string;
  page: string;
  text: string;
  /** Axis labels and other secondary text. */
  quiet: string;
  line: string;
}

/**
 * After the Okabe-Ito palette, which people with any kind of colour blindness can tell apart, made darker or lighter
 * until text and page contrast as WCAG 2.2 wants it (4.5 to 1 for text, 3 to 1 for shapes). Dead, torn and in-transition
 * records have hatchings of their own as well.
 */
export const LIGHT: Palette = {
  kinds: {
    torn: "#a8320a",
    "in-transition": "#8a5a00",
    live: "#0067a3",
    dead: "#68707c",
    headers: "#5a4a9c",
    "event log": "#7a6c00",
    "ftw work": "#00735a",
    "ftw spare": "#9c4a7c",
    padding: "#dfe3e8",
    outside: "#dfe3e8",
    free: "#eef1f4",
  },
  label: "#ffffff",
  page: "#ffffff",
  text: "#1a1d21",
  quiet: "#555c66",
  line: "#b4bac2",
};
export const DARK: Palette = {
  kinds: {
    torn: "#ff8055",
    "in-transition": "#e8a317",
    live: "#5bb8ee",
    dead: "#929aa6",
    headers: "#b3a4f0",
    "event log": "#d5c94b",
    "ftw work": "#34c49a",
    "ftw spare": "#e09cc2",
    padding: "#30363f",
    outside: "#30363f",
    free: "#22272e",
  },
  label: "#0d1014",
  page: "#15181c",
  text: "#e8eaed",
  quiet: "#a4abb5",
  line: "#4b535e",
};

/** The kinds whose colours lines and bars of other pictures have, the first one first: any two can be told apart. */
export const SERIES = ["live", "in-transition", "ftw-work", "ftw-spare", "headers"] as const;

/** Name of a kind in style sheets. */
export function className(kind: Kind): string {
  return kind.replaceAll(" ", "-");
}

/** The palettes as custom properties (`--live`, `--page`) of the selected element, the dark one where that is preferred. */
export function paletteStyle(selector: string): string {
  return `${selector}{color-scheme:light dark;${properties(LIGHT)}}
@media (prefers-color-scheme:dark){${selector}{${properties(DARK)}}}`;
}

function properties({ kinds, ...rest }: Palette): string {
  const named = KINDS.map((kind) => [className(kind), kinds[kind]]);
  return [...named, ...Object.entries(rest)].map(([name, color]) => `--${name}:${color}`).join(";");
}
