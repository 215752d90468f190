/** Types of columns: what they mean, whatever their databases call them, and when values of two of them are equal. */
export * from './bounds';
export { withoutLastZeros } from './canonical-number';
export { floatOf, integerOf } from './decimals';
export { meetsNumber, mergesSpellings } from './distinct-keys';
export * from './equality';
export { fidelityOf } from './fidelity';
export type { Fidelity, Holding } from './holding';
export * from './logical';
export * from './native';
export * from './reduce';
export { escapesZero, jsonTokens, memberName, repeatsMembers } from './json-members';
