/** How long the engine goes on counting and looking before it takes what it has. */

/** A count of the backlog stops here: beyond it only "more than" matters. */
export const BACKLOG_COUNT_LIMIT = 10_000_000;

/** How often a schema that moves under its reader is looked at again before an attempt gives up. */
export const SCHEMA_LOOKS = 5;
