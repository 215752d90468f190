/** Verbs that are planned and do not exist yet: refused by name, so that nobody waits for their effect. */
import type { Command } from 'commander';
import { wrongUse } from '../outcome';

const VERBS: ReadonlyMap<string, string> = new Map([
  ['ddl', 'Change the table on both sides, then run `cdc resync NAME TABLE`.'],
]);

function refuse(what: string, hint: string): never {
  throw wrongUse(`\`cdc ${what}\` is not supported yet.`, hint);
}

export function addRefusedVerbs(program: Command): void {
  for (const [verb, hint] of VERBS) {
    program
      .command(`${verb} [rest...]`, { hidden: true })
      .allowUnknownOption()
      .action(() => refuse(verb, hint));
  }
}
