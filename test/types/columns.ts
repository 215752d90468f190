/** Columns of the adapters' types, as their catalogs would describe them. */
import type { ColumnSchema, TypedColumn } from '../../engine';
import type { FoundColumn } from '../../engine/adapters/mysql/schema/catalog';
import { nativeName } from '../../engine/adapters/mysql/schema/types';

export function column(declaredType: string, typed: Omit<TypedColumn, 'declaredType'>): ColumnSchema {
  return {
    ...typed,
    declaredType,
    name: 'c',
    nullable: true,
    generated: 'no',
    collation: null,
    defaultSql: null,
  };
}

/** Of MySQL, by its declared type. */
export function foundOn(declared: string): FoundColumn {
  const [first = null, second = null] = (/\(([\d,]+)\)/.exec(declared)?.[1] ?? '')
    .split(',')
    .flatMap((text) => (text === '' ? [] : [Number(text)]));
  const native = nativeName(declared);
  const isText = /char|text/.test(native);
  return {
    ...{ name: 'c', native, declared, nullable: true, length: isText ? first : null },
    octets: native.startsWith('var') && first !== null ? first * (isText ? 4 : 1) : null,
    ...{
      precision: first,
      scale: second,
      charset: isText ? 'utf8mb4' : null,
      collation: isText ? 'utf8mb4_bin' : null,
    },
    ...{
      defaultSql: null,
      generated: 'no',
      isJson: native === 'json',
      autoIncrement: false,
      keepsSignOfZero: true,
    },
  };
}
