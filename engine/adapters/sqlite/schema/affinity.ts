/** Affinity: what a declared type makes of the values that are stored under it. */
export type Affinity = 'integer' | 'real' | 'numeric' | 'text' | 'blob';

/** SQLite's rules, in their order. STRICT tables know ANY besides, which converts nothing. */
export function affinityOf(declaredType: string, strict: boolean): Affinity {
  const type = declaredType.toUpperCase();
  if (strict && type === 'ANY') return 'blob';
  if (type.includes('INT')) return 'integer';
  if (/CHAR|CLOB|TEXT/.test(type)) return 'text';
  if (type === '' || type.includes('BLOB')) return 'blob';
  if (/REAL|FLOA|DOUB/.test(type)) return 'real';
  return 'numeric';
}
