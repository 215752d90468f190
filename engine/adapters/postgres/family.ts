/** Databases of this family keep schema names, declared types and collations between each other. */
export const FAMILY = 'postgres';
