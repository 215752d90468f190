/** Databases of this family keep declared types and collations between each other. */
export const FAMILY = 'mysql';
