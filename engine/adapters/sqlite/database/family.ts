/** The family whose declared types, collations and options mean the same on either side. */
export const FAMILY = 'sqlite';
