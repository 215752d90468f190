/** The model: words of the engine as types. Nothing here does anything. */
export * from './adapter';
export * from './change';
export * from './checkpoint';
export * from './dead-letter';
export * from './pipeline';
export * from './diagnosis';
export * from './order';
export * from './plan';
export * from './position';
export * from './reports';
export * from './schema';
export * from './sequence';
export * from './source';
export * from './target';
export * from './transfer';
export * from './types';
export * from './value';
