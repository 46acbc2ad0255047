/** "2.70" of a revision as UEFI packs it: the minor one in tens, and a digit behind it where it is not 0 (UEFI 2.10, 4.2). */
export function revisionText(revision: number): string {
  const [major, minor] = [revision >>> 16, revision & 0xffff];
  return `${major}.${String(Math.floor(minor / 10))}${minor % 10}`;
}
