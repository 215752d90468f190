/**
 * The official Temporal dev server, for `cdc dev`, `cdc demo` and the tests, when no cluster is configured:
 * finding or getting its binary (`findTemporalBinary`), and running it as a child process (`startDevServer`).
 * Not for production: a real deployment names its cluster.
 */
export { findTemporalBinary, type FindTemporalBinaryOptions, type TemporalBinary } from './find-binary';
export { startDevServer, type DevServer, type DevServerOptions } from './dev-server';
export { TemporalServerError, type TemporalServerErrorCode } from './temporal-server-error';
