/** Logical types: what a column means, whatever its database calls it. */

export type LogicalType =
  | { readonly kind: 'bool' }
  | { readonly kind: 'int'; readonly bits: 8 | 16 | 24 | 32 | 64; readonly signed: boolean }
  | { readonly kind: 'decimal'; readonly precision: number | null; readonly scale: number | null }
  | { readonly kind: 'float'; readonly bits: 32 | 64 }
  | { readonly kind: 'text'; readonly length: number | null }
  | { readonly kind: 'bytes'; readonly length: number | null }
  | { readonly kind: 'date' }
  | { readonly kind: 'time'; readonly zone: boolean }
  | { readonly kind: 'timestamp'; readonly zone: boolean }
  | { readonly kind: 'interval' }
  /** `parsed`: members and numbers are kept, not the text: not its spaces, the order of members, and repeated ones. */
  | { readonly kind: 'json'; readonly parsed?: true }
  | { readonly kind: 'uuid' }
  | { readonly kind: 'enum'; readonly members: readonly string[] }
  | { readonly kind: 'array'; readonly of: LogicalType }
  /** Values are typed one by one (SQLite): the storage class goes along with each. */
  | {
      readonly kind: 'dynamic';
      readonly affinity: 'integer' | 'real' | 'numeric' | 'text' | 'blob';
      /** True where nothing else is stored (a STRICT table); absent where the type is a hint. */
      readonly strict?: true;
    }
  /** A native type without an entry of its own, carried as its text form. */
  | { readonly kind: 'other'; readonly native: string };
