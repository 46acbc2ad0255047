/** An element of a document, with its text and that of its children. */
export interface XmlElement {
  name: string;
  attributes: Record<string, string>;
  text: string;
}

const NAME = "[A-Za-z_][\\w.-]*";
const TAG = new RegExp(`<(/?)(${NAME})((?:\\s+${NAME}="[^"<]*")*)\\s*(/?)>`, "y");
const ATTRIBUTE = new RegExp(`(${NAME})="([^"]*)"`, "g");
const ENTITY = /&(?:amp|lt|gt|quot|apos|#(\d+));/y;
/** What XML 1.0 section 2.2 has as characters; lone surrogates are none. */
const CHARACTERS = /^[\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]*$/u;

/**
 * The elements of a well-formed document of tags, attributes in double quotes and text, in the order of their ends. Throws
 * a SyntaxError with the offset for anything else: no comments, no declarations.
 */
export function parseXml(text: string): XmlElement[] {
  if (!CHARACTERS.test(text)) throw new SyntaxError("a character that XML forbids");
  const done: XmlElement[] = [];
  const open: XmlElement[] = [];
  let at = 0;
  while (at < text.length) {
    if (text[at] !== "<") {
      const end = text.indexOf("<", at) === -1 ? text.length : text.indexOf("<", at);
      const content = decode(text.slice(at, end));
      if (open.length === 0 && content.trim() !== "") throw new SyntaxError(`offset ${at}: text outside the root`);
      for (const element of open) element.text += content;
      at = end;
      continue;
    }
    TAG.lastIndex = at;
    const tag = TAG.exec(text);
    if (tag === null) throw new SyntaxError(`offset ${at}: no tag: ${text.slice(at, at + 40)}`);
    const [whole, isEnd, name, attributes, isEmpty] = tag as unknown as [string, string, string, string, string];
    if (isEnd !== "") {
      const last = open.pop();
      if (last?.name !== name) throw new SyntaxError(`offset ${at}: </${name}> ends <${last?.name}>`);
      done.push(last);
    } else {
      if (open.length === 0 && done.length > 0) throw new SyntaxError(`offset ${at}: a second root`);
      const element = { name, attributes: attributesOf(attributes, at), text: "" };
      if (isEmpty === "") open.push(element);
      else done.push(element);
    }
    at += whole.length;
  }
  if (open.length > 0) throw new SyntaxError(`<${open.at(-1)?.name}> has no end`);
  return done;
}

function attributesOf(text: string, at: number): Record<string, string> {
  const attributes: Record<string, string> = {};
  for (const [, name, value] of text.matchAll(ATTRIBUTE) as Iterable<string[]>) {
    if ((name as string) in attributes) throw new SyntaxError(`offset ${at}: ${name} twice`);
    attributes[name as string] = decode(value as string);
  }
  return attributes;
}

const ENTITIES: Record<string, string> = { "&amp;": "&", "&lt;": "<", "&gt;": ">", "&quot;": '"', "&apos;": "'" };

function decode(text: string): string {
  if (text.includes("]]>")) throw new SyntaxError("]]> in text");
  let decoded = "";
  for (let at = 0; at < text.length; ) {
    ENTITY.lastIndex = at;
    const entity = text[at] === "&" ? ENTITY.exec(text) : undefined;
    if (entity === null) throw new SyntaxError(`a bare ampersand: ${text.slice(at, at + 40)}`);
    decoded += entity ? (ENTITIES[entity[0]] ?? String.fromCodePoint(Number(entity[1]))) : text[at];
    at += entity ? entity[0].length : 1;
  }
  return decoded;
}
