/** Types of columns: what they mean, whatever their databases call them. */
export * from './logical';
export * from './bounds';
export * from './fidelity';
export * from './reduce';
export * from './native';
