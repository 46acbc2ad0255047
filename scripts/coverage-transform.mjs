// A transform for asc: counts how often each edge of the core's control flow is taken, in bytes of the core's own memory,
// up to 255. An edge is the way into a function, a branch, a loop or a case, past one that may leave, past an `if` that is
// not taken, and to the right side of && and ||. Behind them the turns of all loops are counted, in a u32 before FLASH. They
// lie at the end of SCRATCH: no snapshot holds them, and only a spare area of nearly 512 KiB would reach them.
//
// Writes build/TARGET-edges.json: { edges: how many bytes there are, statements: [{ file, line, column, within, edge }] }, where
// `within` is the function's name; for a fuzzing core also build/fuzz-sources.z, the text of each file by its name: a zlib
// stream of JSON.
import { deflateSync } from "node:zlib";
import { Node, NodeKind, Token } from "assemblyscript";
import { Transform } from "assemblyscript/transform";

/** Parsed beside the core's files; the decorators make it visible everywhere and leave a few instructions of it. */
const hook = (edges, isLimited) => `import { FLASH } from "./assembly/abi/layout";
@global @inline export function __taken(edge: i32): void {
  const at: usize = FLASH - ${edges} - ${WORD_BYTES} + edge;
  const count = load<u8>(at);
  store<u8>(at, count + <u8>(count !== 255));
}
@global @inline export function __turned(edge: i32): void {
  __taken(edge);
  const turns = load<u32>(FLASH - ${WORD_BYTES}) + 1;
  store<u32>(FLASH - ${WORD_BYTES}, turns);
  if (${isLimited} && turns > ${TURNS_MAX}) unreachable();
}`;

/** Turns of all loops, between two takes of the counts, after which a fuzzing core traps: it hangs. */
const TURNS_MAX = 1 << 26;
/** The fuzzer's own part is not what it looks for. */
const OWN = "assembly/fuzz/";
/** Their number is one of whole words, which are looked at at once. */
const WORD_BYTES = 8;

/** What a statement may hold that is a block or stands in the place of one. */
const ARMS = ["body", "ifTrue", "ifFalse"];
/** What a statement may hold that is an expression. */
const VALUES = ["condition", "value", "expression", "initializer"];
/** What an expression may hold that is one. */
const OPERANDS = ["left", "right", "operand", "expression", "condition", "ifThen", "ifElse", "elementExpression"];
const LEAVES = [NodeKind.Return, NodeKind.Break, NodeKind.Continue, NodeKind.Throw];

export default class Coverage extends Transform {
  statements = [];
  edges = 0;

  afterParse(parser) {
    const own = parser.sources.filter((source) => !source.isLibrary);
    const target = own.some(({ normalizedPath }) => normalizedPath.startsWith(OWN)) ? "fuzz" : "coverage";
    for (const source of own) {
      if (source.normalizedPath.startsWith(OWN)) continue;
      for (const statement of source.statements) this.declaration(statement);
    }
    const edges = Math.ceil(this.edges / WORD_BYTES) * WORD_BYTES;
    parser.parseFile(hook(edges, target === "fuzz"), "coverage-hook.ts", false);
    this.writeFile(`build/${target}-edges.json`, JSON.stringify({ edges, statements: this.statements }), this.baseDir);
    if (target === "fuzz") this.writeSources(own);
  }

  /** The text of the files that have statements, for reports of what was reached. */
  writeSources(sources) {
    const counted = new Set(this.statements.map(({ file }) => file));
    const texts = sources.map(({ normalizedPath, text }) => [normalizedPath, text]);
    const json = JSON.stringify(Object.fromEntries(texts.filter(([file]) => counted.has(file))));
    this.writeFile("build/fuzz-sources.z", deflateSync(json, { level: 9 }), this.baseDir);
  }

  /** A function, or something that may hold some: a class or a namespace. */
  declaration(statement) {
    for (const member of statement.members ?? []) this.declaration(member);
    this.within = statement.name?.text;
    if (statement.body?.kind === NodeKind.Block) this.block(statement.body);
  }

  /** Counts the way into a block or a case, and the way on behind each statement that may leave it. */
  block(holder, isLoop = false) {
    let edge = this.edges++;
    const counted = [this.count(edge, holder.range, isLoop ? "__turned" : "__taken")];
    for (const statement of holder.statements) {
      if (statement.kind !== NodeKind.Empty && statement.kind !== NodeKind.Block) this.note(statement, edge);
      const leaves = mayLeave(statement);
      this.inside(statement);
      counted.push(statement);
      if (!leaves || statement === holder.statements.at(-1)) continue;
      edge = this.edges++;
      counted.push(this.count(edge, statement.range));
    }
    holder.statements = counted;
  }

  inside(statement) {
    if (statement.kind === NodeKind.Block) this.block(statement);
    for (const value of VALUES) if (statement[value]) statement[value] = this.value(statement[value]);
    for (const declaration of statement.declarations ?? []) {
      if (declaration.initializer) declaration.initializer = this.value(declaration.initializer);
    }
    for (const arm of ARMS) if (statement[arm]) statement[arm] = this.asBlock(statement[arm], arm === "body");
    if (statement.kind === NodeKind.If && !statement.ifFalse) {
      statement.ifFalse = this.asBlock(Node.createBlockStatement([], statement.range));
    }
    for (const one of statement.cases ?? []) this.block(one);
  }

  /** Counts the right sides of && and || in an expression, and the sides of ?: . */
  value(expression) {
    for (const operand of OPERANDS) {
      if (typeof expression[operand]?.kind === "number") expression[operand] = this.value(expression[operand]);
    }
    if (expression.args) expression.args = expression.args.map((one) => this.value(one));
    if (expression.operator === Token.Ampersand_Ampersand || expression.operator === Token.Bar_Bar) {
      if (expression.kind === NodeKind.Binary) expression.right = this.counted(expression.right);
    }
    if (expression.kind === NodeKind.Ternary) {
      expression.ifThen = this.counted(expression.ifThen);
      expression.ifElse = this.counted(expression.ifElse);
    }
    return expression;
  }

  counted(expression) {
    const { range } = expression;
    const both = Node.createCommaExpression([this.call(this.edges++, range), expression], range);
    return Node.createParenthesizedExpression(both, range);
  }

  /** `if (a) b;` becomes `if (a) { b; }`, so that there is room for a count. */
  asBlock(statement, isLoop = false) {
    const isBlock = statement.kind === NodeKind.Block;
    const block = isBlock ? statement : Node.createBlockStatement([statement], statement.range);
    this.block(block, isLoop);
    return block;
  }

  note({ range }, edge) {
    const { source, start } = range;
    const line = source.lineAt(start);
    this.statements.push({ file: source.normalizedPath, line, column: source.columnAt(), within: this.within, edge });
  }

  count(edge, range, hook) {
    return Node.createExpressionStatement(this.call(edge, range, hook));
  }

  call(edge, range, hook = "__taken") {
    const number = Node.createIntegerLiteralExpression(i64_new(edge), range);
    return Node.createCallExpression(Node.createIdentifierExpression(hook, range), null, [number], range);
  }
}

/** Can control leave the statements around this one from within it? */
function mayLeave(statement) {
  if (LEAVES.includes(statement.kind)) return true;
  const parts = [...ARMS.map((arm) => statement[arm]), ...(statement.cases ?? []), ...(statement.statements ?? [])];
  return parts.some((part) => part && mayLeave(part));
}
