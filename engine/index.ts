/** The engine's front door: change data capture between two databases, without Temporal. */
export * from './errors';
export * from './model';
export * from './registry';
export * from './pipeline';
