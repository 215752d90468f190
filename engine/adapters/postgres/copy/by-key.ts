/** An order of changes by their keys in which a target finds its rows page after page; nothing depends on it. */
import type { CapturedColumn } from '../capture/registry';

const ORDERED =
  /^(smallint|integer|bigint|oid|numeric|real|double precision|uuid|bytea|boolean|date|time|timestamp|interval|inet|cidr|macaddr)/;
/** By bytes: comparing by the rules of a language takes longer than what is won. */
const TEXT = /^(text|character|bpchar|name)/;

/** An ORDER BY over as many of the key's columns as have such an order; empty where the first has none. */
export function byKey(key: readonly CapturedColumn[], valueOf: (column: CapturedColumn) => string): string {
  const terms: string[] = [];
  for (const column of key) {
    if (ORDERED.test(column.type)) terms.push(valueOf(column));
    else if (TEXT.test(column.type)) terms.push(`${valueOf(column)} COLLATE pg_catalog."C"`);
    else break;
  }
  return terms.length === 0 ? '' : `ORDER BY ${terms.join(', ')}`;
}
