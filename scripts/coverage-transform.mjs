// A transform for asc: before every statement of the core it sets a byte of the core's own memory, and it writes
// build/coverage-points.json, whose entry n says where the statement of byte n stands. The bytes are the last ones before
// FLASH, the end of SCRATCH: no snapshot holds them, and only a spare area of nearly 512 KiB would reach them.
import { Node, NodeKind } from "assemblyscript";
import { Transform } from "assemblyscript/transform";

/** Parsed beside the core's files; the decorators make it visible everywhere and leave one store of it. */
const hook = (points) => `import { FLASH } from "./assembly/abi/layout";
@global @inline export function __reached(point: i32): void { store<u8>(FLASH - ${points} + point, 1); }`;

/** What a statement may hold that is a block or stands in the place of one. */
const ARMS = ["body", "ifTrue", "ifFalse"];

export default class Coverage extends Transform {
  points = [];

  afterParse(parser) {
    const own = parser.sources.filter((source) => !source.isLibrary);
    for (const source of own) for (const statement of source.statements) this.declaration(statement);
    parser.parseFile(hook(this.points.length), "coverage-hook.ts", false);
    this.writeFile("build/coverage-points.json", JSON.stringify(this.points), this.baseDir);
  }

  /** A function, or something that may hold some: a class or a namespace. */
  declaration(statement) {
    for (const member of statement.members ?? []) this.declaration(member);
    if (statement.body?.kind === NodeKind.Block) this.statements(statement.body);
  }

  /** Marks each statement of a block or a switch's case, and those inside it. */
  statements(holder) {
    holder.statements = holder.statements.flatMap((statement) => {
      if (statement.kind === NodeKind.Empty) return [statement];
      // A block of its own is no step, what it holds is; its point would come before theirs on the same line.
      const marked = statement.kind === NodeKind.Block ? [] : [this.mark(statement)];
      this.inside(statement);
      return [...marked, statement];
    });
  }

  inside(statement) {
    if (statement.kind === NodeKind.Block) this.statements(statement);
    for (const arm of ARMS) if (statement[arm]) statement[arm] = this.asBlock(statement[arm]);
    for (const one of statement.cases ?? []) this.statements(one);
  }

  /** `if (a) b;` becomes `if (a) { b; }`, so that there is room for a mark. */
  asBlock(statement) {
    const isBlock = statement.kind === NodeKind.Block;
    const block = isBlock ? statement : Node.createBlockStatement([statement], statement.range);
    this.statements(block);
    return block;
  }

  mark({ range }) {
    const { source, start } = range;
    const file = source.normalizedPath;
    const line = source.lineAt(start);
    const point = this.points.push({ file, line, column: source.columnAt() }) - 1;
    const number = Node.createIntegerLiteralExpression(i64_new(point), range);
    const reached = Node.createIdentifierExpression("__reached", range);
    return Node.createExpressionStatement(Node.createCallExpression(reached, null, [number], range));
  }
}
