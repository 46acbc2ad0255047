const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/**
 * Printable text (src/printable.ts) as character data or attribute value of XML and HTML. What XML 1.0 forbids (section 2.2)
 * does not occur in printable text.
 */
export function xmlText(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => ENTITIES[character] as string);
}
