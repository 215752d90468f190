/** Types of columns: what they mean, whatever their databases call them, and when values of two of them are equal. */
export * from './equality';
export * from './logical';
