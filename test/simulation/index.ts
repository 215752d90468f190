/**
 * A seeded world of two databases, crashes and time, in which the engine's real code runs. Start reading at world.ts:
 * it assembles the rest. `npm run simulate -- --help` runs it from the command line.
 */
export * from './batch';
export * from './coverage';
export * from './mutations';
export * from './world';
