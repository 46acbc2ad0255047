/**
 * Characters that take two cells of a terminal: the East Asian wide and fullwidth blocks (Unicode Standard Annex #11),
 * and emoji that are shown as pictures.
 */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}\p{Emoji_Presentation}]/u;
const ASCII = /^[ -~]*$/;
/** Characters that join the one before. */
const COMBINING = /[\p{M}\p{Cf}]/u;

/** Cells that text takes in a terminal. */
export function textWidth(text: string): number {
  if (ASCII.test(text)) return text.length;
  let cells = 0;
  for (const character of text) cells += characterWidth(character);
  return cells;
}

/** Text of at most so many cells; what is longer ends with "…". */
export function cutText(text: string, cells: number): string {
  if (textWidth(text) <= cells) return text;
  let cut = "";
  let taken = 1;
  for (const character of text) {
    taken += characterWidth(character);
    if (taken > cells) break;
    cut += character;
  }
  return `${cut}…`;
}

function characterWidth(character: string): number {
  if (character >= " " && character <= "~") return 1;
  if (COMBINING.test(character)) return 0;
  return WIDE.test(character) ? 2 : 1;
}
