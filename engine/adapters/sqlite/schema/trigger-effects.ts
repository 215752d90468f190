/** What a trigger of the application can write, read from its SQL. */
import { foldName } from '../database/identifiers';
import {
  closingBracket,
  isName,
  isSymbol,
  isWord,
  splitTokens,
  tokenize,
  type Token,
} from '../database/tokens';

export type RowEvent = 'insert' | 'update' | 'delete';

export const ROW_EVENTS: readonly RowEvent[] = ['insert', 'update', 'delete'];

export interface TriggerEffect {
  /** What fires it. */
  readonly event: RowEvent;
  /** Folded names of the tables and views that its statements write. */
  readonly writes: ReadonlySet<string>;
  /**
   * True when it calls a function that is not SQLite's own, because an application's function may write anything
   * through its connection.
   */
  readonly callsUnknown: boolean;
}

/** Words that may stand before a bracket without being a function. */
const NO_FUNCTIONS = new Set(
  (
    'ALL AND AS BEGIN BETWEEN BY CASE CAST CHECK COLLATE CONFLICT DELETE DISTINCT ELSE END ESCAPE EXCEPT EXISTS ' +
    'FILTER FROM GLOB GROUP HAVING IN INSERT INTERSECT INTO IS ISNULL JOIN KEY LIKE LIMIT MATCH MATERIALIZED NOT ' +
    'NOTNULL OF OFFSET ON OR ORDER OVER PARTITION RAISE RECURSIVE REPLACE RETURNING SELECT SET THEN UNION UPDATE ' +
    'USING VALUES WHEN WHERE WINDOW WITH'
  ).split(' '),
);

/** Null when the text could not be understood: its effect is unknown then. */
export function parseTrigger(sql: string, knownFunctions: ReadonlySet<string>): TriggerEffect | null {
  const tokens = tokenize(sql);
  const event = parseEvent(tokens);
  const begin = findBody(tokens);
  if (event === null || begin < 0) return null;
  const writes = new Set<string>();
  const statements = splitTokens(tokens.slice(begin + 1), ';');
  // The last part is END.
  if (!isWord(statements.at(-1)?.[0], 'END')) return null;
  for (const statement of statements.slice(0, -1)) {
    const target = writtenBy(statement);
    if (target === undefined) return null;
    if (target !== null) writes.add(foldName(target));
  }
  return { event, writes, callsUnknown: callsUnknown(tokens, knownFunctions) };
}

/** When a trigger fires; SQLite's default is BEFORE. */
export function timingOf(sql: string): 'before' | 'after' | 'instead' {
  const tokens = tokenize(sql);
  const word = tokens[afterName(tokens)];
  if (isWord(word, 'AFTER')) return 'after';
  return isWord(word, 'INSTEAD') ? 'instead' : 'before';
}

/** `CREATE TRIGGER name BEFORE|AFTER|INSTEAD OF event …` */
function parseEvent(tokens: readonly Token[]): RowEvent | null {
  let next = afterName(tokens);
  if (isWord(tokens[next], 'BEFORE', 'AFTER')) next += 1;
  else if (isWord(tokens[next], 'INSTEAD')) next += 2;
  const word = foldName(tokens[next]?.text ?? '');
  return ROW_EVENTS.find((event) => event === word) ?? null;
}

/** The place behind the trigger's name. */
function afterName(tokens: readonly Token[]): number {
  let next = tokens.findIndex((token) => isWord(token, 'TRIGGER')) + 1;
  if (isWord(tokens[next], 'IF')) next += 3;
  return next + (isSymbol(tokens[next + 1], '.') ? 3 : 1);
}

const STATEMENTS = ['INSERT', 'REPLACE', 'UPDATE', 'DELETE', 'SELECT', 'VALUES', 'WITH'];

/** Where the body begins: `BEGIN` can also be a column's name, but not outside of brackets before a statement. */
function findBody(tokens: readonly Token[]): number {
  return tokens.findIndex(
    (token, index) =>
      isWord(token, 'BEGIN') && isWord(tokens[index + 1], ...STATEMENTS) && !isSymbol(tokens[index - 1], '.'),
  );
}

/** The table that a statement writes; null for none, undefined when the statement was not understood. */
function writtenBy(statement: readonly Token[]): string | null | undefined {
  const [verb] = statement;
  // In a trigger SQLite takes WITH before a SELECT only.
  if (isWord(verb, 'WITH')) return statement.some((token) => isWord(token, 'INTO', 'SET')) ? undefined : null;
  if (isWord(verb, 'SELECT', 'VALUES')) return null;
  let next = 1;
  if (isWord(verb, 'INSERT', 'UPDATE') && isWord(statement[next], 'OR')) next += 2;
  if (!isWord(verb, 'UPDATE')) {
    if (!isWord(statement[next], isWord(verb, 'DELETE') ? 'FROM' : 'INTO')) return undefined;
    next += 1;
  }
  if (isSymbol(statement[next + 1], '.')) next += 2;
  const name = statement[next];
  return isName(name) ? name.text : undefined;
}

function callsUnknown(tokens: readonly Token[], known: ReadonlySet<string>): boolean {
  // `a REGEXP b` calls a function that SQLite does not have.
  if (tokens.some((token) => isWord(token, 'REGEXP'))) return true;
  const ownNames = namesBeforeBrackets(tokens);
  return tokens.some((token, index) => {
    if (!isName(token) || token.kind === 'text' || !isSymbol(tokens[index + 1], '(')) return false;
    if (token.kind === 'word' && NO_FUNCTIONS.has(token.text.toUpperCase())) return false;
    return !ownNames.has(index) && !known.has(foldName(token.text));
  });
}

/** Places of names with a list of columns behind them: tables of INSERT, and common table expressions. */
function namesBeforeBrackets(tokens: readonly Token[]): ReadonlySet<number> {
  const places = new Set<number>();
  tokens.forEach((token, index) => {
    if (isWord(token, 'INTO')) places.add(isSymbol(tokens[index + 2], '.') ? index + 3 : index + 1);
    if (!isSymbol(tokens[index + 1], '(')) return;
    const close = closingBracket(tokens, index + 1);
    const follows =
      isWord(tokens[close + 1], 'AS') &&
      (isSymbol(tokens[close + 2], '(') || isWord(tokens[close + 2], 'NOT', 'MATERIALIZED'));
    if (follows) places.add(index);
  });
  return places;
}
