/** Types of columns: what they mean, whatever their databases call them. */
export * from './logical';
