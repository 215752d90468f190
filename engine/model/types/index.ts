/** Types of columns: what they mean, whatever their databases call them, and when values of two of them are equal. */
export * from './bounds';
export { withoutLastZeros } from './canonical-number';
export * from './equality';
export * from './fidelity';
export * from './logical';
export * from './native';
export * from './reduce';
export { escapesZero, jsonTokens, memberName, repeatsMembers } from './json-members';
