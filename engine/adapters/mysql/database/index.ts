/** Connections to a server, its errors, quoting, and the versions of our own objects. */
export * from './errors';
export * from './features';
export * from './identifiers';
export * from './objects';
export * from './session';
export * from './sessions';
export * from './url';
