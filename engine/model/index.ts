/** The model: words of the engine as types. Nothing here does anything. */
export * from './adapter';
export * from './change';
export * from './checkpoint';
export * from './pipeline';
export * from './position';
export * from './reports';
export * from './schema';
export * from './types';
export * from './value';
