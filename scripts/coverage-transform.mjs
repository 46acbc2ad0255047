// A transform for asc: calls `__hit(n)` before every statement of the core and writes build/coverage-points.json, whose
// entry n says where statement n stands. Only for the coverage core, whose host must lend it `coverage.hit`.
import { Node, NodeKind } from "assemblyscript";
import { Transform } from "assemblyscript/transform";

/** Parsed beside the core's files; the decorators make it visible everywhere, under the name that the host imports. */
const HOOK = `@global @external("coverage", "hit") export declare function __hit(point: i32): void;`;

/** What a statement may hold that is a block or stands in the place of one. */
const ARMS = ["body", "ifTrue", "ifFalse"];

export default class Coverage extends Transform {
  points = [];

  afterParse(parser) {
    const own = parser.sources.filter((source) => !source.isLibrary);
    for (const source of own) for (const statement of source.statements) this.declaration(statement);
    parser.parseFile(HOOK, "coverage-hook.ts", false);
    this.writeFile("build/coverage-points.json", JSON.stringify(this.points), this.baseDir);
  }

  /** A function, or something that may hold some: a class or a namespace. */
  declaration(statement) {
    for (const member of statement.members ?? []) this.declaration(member);
    if (statement.body?.kind === NodeKind.Block) this.statements(statement.body);
  }

  /** Counts each statement of a block or a switch's case, and those inside it. */
  statements(holder) {
    holder.statements = holder.statements.flatMap((statement) => {
      if (statement.kind === NodeKind.Empty) return [statement];
      // A block of its own is no step, what it holds is; its point would come before theirs on the same line.
      const counted = statement.kind === NodeKind.Block ? [] : [this.counter(statement)];
      this.inside(statement);
      return [...counted, statement];
    });
  }

  inside(statement) {
    if (statement.kind === NodeKind.Block) this.statements(statement);
    for (const arm of ARMS) if (statement[arm]) statement[arm] = this.asBlock(statement[arm]);
    for (const one of statement.cases ?? []) this.statements(one);
  }

  /** `if (a) b;` becomes `if (a) { b; }`, so that there is room for a counter. */
  asBlock(statement) {
    const isBlock = statement.kind === NodeKind.Block;
    const block = isBlock ? statement : Node.createBlockStatement([statement], statement.range);
    this.statements(block);
    return block;
  }

  counter({ range }) {
    const { source, start } = range;
    const point = this.points.push({ file: source.normalizedPath, line: source.lineAt(start) }) - 1;
    const number = Node.createIntegerLiteralExpression(i64_new(point), range);
    const hook = Node.createIdentifierExpression("__hit", range);
    return Node.createExpressionStatement(Node.createCallExpression(hook, null, [number], range));
  }
}
