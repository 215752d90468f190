/**
 * Capture, as far as it is the same for every database: which tables, which columns, whether the target can take
 * them, and whether both sides still remember the same past. Triggers and windows are the adapters'.
 */
export * from './check-target';
export * from './filter';
export * from './find-named';
export * from './handshake';
export * from './keyset';
export * from './near-misses';
export * from './resolve-tables';
