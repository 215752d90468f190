/** What a case works on: databases and open adapters, cleared away in reverse order after it. */
import assert from 'node:assert/strict';
import { routeTable } from '../capture';
import { isCdcError } from '../errors';
import type { ErrorCode, CdcError } from '../errors';
import type { Consumer, Position, Source, TableRoute, Target } from '../model';
import type { ScratchConnection, ScratchDatabase, TableDefinition } from './fixture';
import type { ContractOptions } from './options';

export interface Scene {
  database(): Promise<ScratchDatabase>;
  connect(database: ScratchDatabase): Promise<ScratchConnection>;
  source(database: ScratchDatabase): Promise<Source>;
  target(database: ScratchDatabase): Promise<Target>;
  /** A database with these tables, open as a source that captures them for one consumer. */
  captured(definitions: readonly TableDefinition[], before?: readonly string[]): Promise<Captured>;
  clear(): Promise<void>;
}

export interface Captured {
  readonly database: ScratchDatabase;
  readonly source: Source;
  /** In the order of the definitions. */
  readonly routes: readonly TableRoute[];
  readonly consumer: Consumer;
  /** The position at which capture began. */
  readonly start: Position;
}

export const CONSUMER = { uuid: 'contract-consumer', name: 'contract' };

export function openScene({ adapter, fixture }: ContractOptions): Scene {
  const clearing: (() => Promise<void>)[] = [];

  const database = async (): Promise<ScratchDatabase> => {
    const made = await fixture.createDatabase();
    clearing.push(() => made.dispose());
    return made;
  };
  const source = async ({ url }: ScratchDatabase): Promise<Source> => {
    const opened = await adapter.openSource({ url, readOnly: false });
    clearing.push(() => opened.close());
    return opened;
  };
  return {
    database,
    source,
    async connect(to) {
      const connection = await to.connect();
      clearing.push(() => connection.close());
      return connection;
    },
    async target({ url }) {
      const opened = await adapter.openTarget({ url, readOnly: false, create: true });
      clearing.push(() => opened.close());
      return opened;
    },
    async captured(definitions, before = []) {
      const made = await database();
      await made.execute(...definitions.flatMap((table) => fixture.createTable(table)), ...before);
      const opened = await source(made);
      const routes = await routesOf(opened, definitions);
      const consumer = await installFor(opened, routes);
      return { database: made, source: opened, routes, consumer, start: consumer.position };
    },
    async clear() {
      // A failure to clear away says less than the failure of the case.
      for (const step of clearing.reverse()) await step().catch(() => undefined);
    },
  };
}

/** Captures these routes' tables for the suite's usual consumer, or another one. */
export function installFor(
  source: Source,
  routes: readonly TableRoute[],
  consumer: { readonly uuid: string; readonly name: string; readonly reset?: boolean } = CONSUMER,
): Promise<Consumer> {
  return source.install(
    routes.map((route) => route.source),
    { uuid: consumer.uuid, name: consumer.name, now: Date.now(), reset: consumer.reset ?? false },
  );
}

/** Routes of these tables over all their columns, as the source sees them now. */
export async function routesOf(
  source: Source,
  definitions: readonly Pick<TableDefinition, 'name'>[],
): Promise<readonly TableRoute[]> {
  const tables = await source.tables();
  return definitions.map(({ name }) => {
    const found = tables.find((table) => table.name.name === name);
    assert.ok(found, `tables() lists ${name}`);
    return routeTable(found, { to: null, columns: null }, true);
  });
}

/** The first of some; the suite never asks an empty list for it. */
export function first<T>(items: readonly T[]): T {
  const [item] = items;
  assert.ok(item !== undefined, 'there is a first one');
  return item;
}

/** Waits for a rejection with one of these codes and returns the error. */
export async function rejection(
  promise: Promise<unknown>,
  ...codes: readonly ErrorCode[]
): Promise<CdcError> {
  const outcome = await promise.then(
    () => 'it resolved',
    (error: unknown) => error,
  );
  if (isCdcError(outcome) && codes.includes(outcome.code)) {
    assert.notEqual(outcome.hint, '', `${outcome.code} says what to do`);
    return outcome;
  }
  const found = isCdcError(outcome) ? `${outcome.code}: ${outcome.message}` : String(outcome);
  throw new assert.AssertionError({ message: `expected ${codes.join(' or ')}, but found ${found}` });
}
