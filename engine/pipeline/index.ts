/**
 * The front door: pipelines as programs see them. contract.ts says what a pipeline can do, engine.ts makes them;
 * every other file here is one of its verbs.
 */
export * from './contract';
export * from './diagnose';
export * from './engine';
export * from './format-health';
