/** The order of keys, as far as databases of all kinds share it. */
import type { TableRoute } from './plan';
import type { LogicalType } from './types';

/**
 * Whether a range of the source is the same range on a target of another kind. What one has a type for is text in the
 * other, and its order that of the letters.
 */
export function keepsOrder({ key, source }: TableRoute): boolean {
  return key.every((name) => {
    const column = source.columns.find((candidate) => candidate.name === name);
    return column !== undefined && hasCommonOrder(column.type);
  });
}

function hasCommonOrder(type: LogicalType): boolean {
  switch (type.kind) {
    case 'dynamic':
    case 'bool':
    case 'float':
    case 'bytes':
    case 'uuid':
    // In the order that is shared it is compared byte by byte.
    case 'text':
      return true;
    case 'int':
      return type.signed || type.bits < 64;
    case 'decimal':
    case 'date':
    case 'time':
    case 'timestamp':
    case 'interval':
    case 'json':
    case 'enum':
    case 'array':
    case 'other':
      return false;
  }
}
