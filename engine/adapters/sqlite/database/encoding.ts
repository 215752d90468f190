/** How a database keeps its texts. */
import { sessionState, type Session } from './session';
import { textOf } from './values';

export const ENCODINGS = ['UTF-8', 'UTF-16le', 'UTF-16be'] as const;

export type Encoding = (typeof ENCODINGS)[number];

/** Fixed from the first table on, and every database of ours has one. */
const known = sessionState((session) => {
  const name = textOf(session.get('PRAGMA main.encoding')?.[0]);
  return ENCODINGS.find((encoding) => encoding === name) ?? 'UTF-8';
});

export function encodingOf(session: Session): Encoding {
  return known(session);
}
