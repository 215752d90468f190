/** The tables that the cases use. */
import type { ColumnDefinition, TableDefinition } from './fixture';

function integer(name: string, nullable = false): ColumnDefinition {
  return { name, type: 'integer', nullable };
}

function text(name: string, nullable = true): ColumnDefinition {
  return { name, type: 'text', nullable };
}

/** A plain table with an integer key. */
export const ITEMS: TableDefinition = {
  name: 'items',
  columns: [integer('id'), text('name'), integer('amount', true)],
  key: ['id'],
  unique: [],
  references: null,
};

/** A key of two columns, not in the order of the columns. */
export const PAIRS: TableDefinition = {
  name: 'pairs',
  columns: [text('note'), text('part', false), integer('number')],
  key: ['number', 'part'],
  unique: [],
  references: null,
};

/** A key of two integers. */
export const GRID: TableDefinition = {
  name: 'grid',
  columns: [integer('x'), integer('y'), text('label')],
  key: ['x', 'y'],
  unique: [],
  references: null,
};

/** A key of text. */
export const WORDS: TableDefinition = {
  name: 'words',
  columns: [text('word', false), text('meaning')],
  key: ['word'],
  unique: [],
  references: null,
};

/** A second unique column. */
export const ACCOUNTS: TableDefinition = {
  name: 'accounts',
  columns: [integer('id'), text('email'), text('owner')],
  key: ['id'],
  unique: ['email'],
  references: null,
};

export const PARENTS: TableDefinition = {
  name: 'parents',
  columns: [integer('id'), text('name')],
  key: ['id'],
  unique: [],
  references: null,
};

export const CHILDREN: TableDefinition = {
  name: 'children',
  columns: [integer('id'), integer('parent_id', true), text('name')],
  key: ['id'],
  unique: [],
  references: { column: 'parent_id', table: 'parents', key: 'id' },
};

/** The table of `Fixture.stampingTrigger`. */
export const STAMPED: TableDefinition = {
  name: 'stamped',
  columns: [integer('id'), text('name'), integer('revision')],
  key: ['id'],
  unique: [],
  references: null,
};
