/** The tables of the page about types, made of what the adapters say of their types. */
import { fidelityOf } from '../../engine';
import type { Adapter, LogicalType, NativeTypeEntry, TypedColumn, TypeTable } from '../../engine';
import { mysqlAdapter } from '../../engine/adapters/mysql';
import { postgresAdapter } from '../../engine/adapters/postgres';
import { sqliteAdapter } from '../../engine/adapters/sqlite';

interface Family {
  readonly title: string;
  readonly types: TypeTable;
}

function familyOf(title: string, { types }: Adapter): Family {
  if (types === undefined) throw new Error(`${title} says nothing of its types`);
  return { title, types };
}

const FAMILIES: readonly Family[] = [
  familyOf('PostgreSQL', postgresAdapter),
  familyOf('MySQL and MariaDB', mysqlAdapter),
  familyOf('SQLite', sqliteAdapter),
];

/** Where the tables stand on the page. */
export const BEGIN = '<!-- What follows is made by `npm run docs:types`. -->';
export const END = '<!-- End of what is made. -->';

/** What stands between the two. */
export function typeTables(): string {
  return FAMILIES.map((source) => {
    const targets = FAMILIES.filter((target) => target !== source);
    const head = ['declared', 'means', 'read', ...targets.map(({ title }) => `in ${title}`)];
    const rows = source.types.entries.map((entry) => rowOf(source, targets, entry));
    const lines = [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`);
    const written = `Values are written as ${source.types.written}.`;
    return [`### From ${source.title}`, '', ...lines, '', `Into ${source.title}: ${written}`].join('\n');
  }).join('\n\n');
}

function rowOf(source: Family, targets: readonly Family[], entry: NativeTypeEntry): readonly string[] {
  const { declared, strict, read } = entry;
  const column: TypedColumn = { declaredType: declared, ...source.types.describe(entry) };
  const name = declared === '' ? 'no type' : code(declared);
  return [
    strict === true ? `${name}, STRICT` : name,
    meaningOf(column.type),
    read,
    ...targets.map(({ types }) => cellOf(column, types)),
  ];
}

function cellOf(column: TypedColumn, types: TypeTable): string {
  const made = types.made(column);
  if (made === null) return '**refused**';
  const target: TypedColumn = { declaredType: made, ...types.describe({ declared: made }) };
  const { fidelity, reason } = fidelityOf(column, target, false);
  return `${code(made)} **${fidelity}**${reason === null ? '' : `: ${escaped(reason)}`}`;
}

function code(text: string): string {
  return `\`${text}\``;
}

function escaped(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('<', '&lt;').replaceAll('_', '\\_');
}

/** A logical type in words. */
function meaningOf(type: LogicalType): string {
  switch (type.kind) {
    case 'int':
      return `integer of ${type.bits} bits${type.signed ? '' : ' without a sign'}`;
    case 'decimal':
      return type.precision === null
        ? 'decimal'
        : `decimal of ${type.precision} digits, ${type.scale ?? 0} after the point`;
    case 'float':
      return `floating point, ${type.bits} bits`;
    case 'text':
    case 'bytes':
      return type.length === null ? type.kind : `${type.kind} up to ${type.length}`;
    case 'time':
    case 'timestamp':
      return `${type.kind} ${type.zone ? 'with' : 'without'} zone`;
    case 'array':
      return `array of ${meaningOf(type.of)}`;
    case 'dynamic':
      return type.strict === true ? `${type.affinity} alone` : `any, preferably ${type.affinity}`;
    case 'bool':
    case 'date':
    case 'interval':
    case 'json':
    case 'uuid':
    case 'enum':
    case 'other':
      return type.kind;
  }
}
