// A transform for asc: what becomes part of its callers in the optimised cores, besides what binaryen finds worth it.
//
// A call inside wasm costs some 2 ns in V8 of Node 20, which inlines none; a GetVariable that hits has 36. Binaryen's own
// way to few calls, -O3, inlines what is never hot, too: the core has 4 KiB more then, and a SetVariable takes a quarter longer.
// Chosen by time (npm run bench) and size: those of a GetVariable's and a SetVariable's way. One with many callers is better left
// a function, unless it is short.
import { Node, NodeKind } from "assemblyscript";
import { Transform } from "assemblyscript/transform";

const INLINED = {
  "assembly/bytes.ts": ["compareBytes", "copyBlock"],
  "assembly/call.ts": [
    "setStatus",
    "setVariableInfo",
    "decodeVariableSize",
    "nameHandle",
    "dataHandle",
    "variableGuid",
  ],
  "assembly/dispatch.ts": ["takeName"],
  "assembly/guest.ts": ["view", "viewFirst", "write", "windowBytesFrom"],
  "assembly/services/auth.ts": ["descriptorBytes", "processAuthenticated"],
  "assembly/services/defined.ts": ["checkDefined"],
  "assembly/services/quota.ts": ["largestVariable", "largestRecord", "spaceFor", "fitsClass", "fitsUserSpace"],
  "assembly/services/rules.ts": ["findNamespace"],
  "assembly/services/set-variable.ts": ["verdictOn", "checkRules", "checkExisting"],
  "assembly/services/update.ts": ["change"],
  "assembly/store/flash.ts": ["clearBits"],
  "assembly/store/index.ts": ["replace", "slotOf"],
  "assembly/store/record.ts": ["unfinished"],
  "assembly/store/region.ts": ["account"],
  "assembly/store/store.ts": [
    "append",
    "setSequence",
    "beginTransition",
    "clearState",
    "writeRecord",
    "putHeader",
    "deleteTwins",
  ],
};

export default class Inline extends Transform {
  afterParse(parser) {
    for (const [file, names] of Object.entries(INLINED)) {
      const source = parser.sources.find(({ normalizedPath }) => normalizedPath === file);
      for (const name of names) {
        const found = source?.statements.find(
          (one) => one.kind === NodeKind.FunctionDeclaration && one.name.text === name,
        );
        if (found === undefined) throw new Error(`scripts/inline-transform.mjs: no function ${name} in ${file}`);
        const inline = Node.createIdentifierExpression("inline", found.name.range);
        const decorator = Node.createDecorator(inline, null, found.name.range);
        found.decorators = [...(found.decorators ?? []), decorator];
      }
    }
  }
}
