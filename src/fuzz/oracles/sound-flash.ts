import { ORDER_LOG } from "../../../assembly/abi/policy.ts";
import { TIME_BASED_AUTHENTICATED_WRITE_ACCESS } from "../../../assembly/abi/variable.ts";
import { checkVolume } from "../../formats/edk2-check.ts";
import type { Machine } from "../../machine.ts";
import { RESERVED_BITS } from "../../policies/attribute-rules.ts";
import type { BootWrite, Policy } from "../../policies/policy.ts";

/** What a store is as well that was never torn: full, and a replacement found no room behind the old value. */
const ALWAYS = [/^the store is nearly full/, /^a reclaim is near/, /^a replacement or deletion was begun/];
/** What a cut of power may leave, and boots leave as it is. */
const AFTER_CUTS = [/^a dead record whose/, /^a replaced record that was not marked deleted/];

/** What `xenefi check` says of a flash, wherever it is in it: what a machine starts with is no finding later. */
export const faultsOf = (flash: Uint8Array): ReadonlySet<string> => new Set(checkVolume(flash).map(({ text }) => text));

/**
 * The first thing that `xenefi check` says of the flash and that this machine has no way to come to. `atStart`: what is said of
 * the flash that it started with.
 */
export function unsoundness(
  flash: Uint8Array,
  { policy, volume }: Machine,
  powerWasCut: boolean,
  atStart: ReadonlySet<string> = new Set(),
): string | undefined {
  // Without these areas a reclaim writes over the only copy.
  if (powerWasCut && volume.geometry.workBytes === 0) return undefined;
  const allowed = [...ALWAYS, ...(powerWasCut ? AFTER_CUTS : [])];
  // Other orders than the log's stand in a field that edk2 no longer uses.
  if (policy.order !== ORDER_LOG) allowed.push(/^monotonic count/);
  if (!policy.setAttributes.some(([condition]) => condition === RESERVED_BITS)) allowed.push(/, with unknown bits/);
  for (const { name, guid } of ownAuthenticated(policy)) allowed.push(new RegExp(`no signer.*: "${name}"-${guid}$`));
  // A deletion, or a new variable, for which certdb or the store has no room: the next boot drops the signer, as edk2's does.
  if (policy.entries === undefined) allowed.push(/^certdb has a signer of no variable/);
  if (volume.geometry.workBytes === 0) allowed.push(/^no fault-tolerant-write work area/);
  const finding = checkVolume(flash).find(({ text }) => !atStart.has(text) && !allowed.some((rule) => rule.test(text)));
  return finding === undefined ? undefined : `${finding.place}: ${finding.text}`;
}

/** Authenticated variables that the firmware writes itself: nobody has signed them. */
function ownAuthenticated({ boot }: Policy): BootWrite[] {
  const writes = [...boot.missing, ...boot.withPlatformKey, ...boot.first, ...boot.later];
  return writes.filter(({ attributes }) => (attributes & TIME_BASED_AUTHENTICATED_WRITE_ACCESS) !== 0);
}
