/**
 * Lives of a pipeline: each resync of the whole gives it a new uuid, made of the first one, the generation that
 * ordered it, and something that was never used before: a restored target forgets which generations there were.
 */
import type { Source } from '../model';

export function uuidOfLife(former: string, generation: number, unique: string): string {
  return `${baseOf(former)}.${String(generation)}.${unique}`;
}

/** The generation that ordered this life; 0 for the one that setup made. */
export function generationOfLife(uuid: string): number {
  return Number(uuid.split('.')[1] ?? 0);
}

/** True for two lives of one pipeline. */
export function sameBase(uuid: string, other: string): boolean {
  return baseOf(uuid) === baseOf(other);
}

function baseOf(uuid: string): string {
  return uuid.split('.')[0] ?? uuid;
}

/**
 * Removes the consumers of this pipeline's other lives, which would hold back purging for ever: those that were ordered
 * before the generation given. Never later ones: whoever is late must not take away what a newer attempt stands on.
 */
export async function forgetFormerLives(source: Source, uuid: string, before: number): Promise<void> {
  for (const other of await source.consumers()) {
    const former = other.uuid !== uuid && generationOfLife(other.uuid) < before;
    if (former && sameBase(other.uuid, uuid)) await source.uninstall(other.uuid);
  }
}

/** Removes the consumers of all lives of this pipeline; a resync that was cut short may have left others than this. */
export async function endAllLives(source: Source, uuid: string): Promise<void> {
  await source.uninstall(uuid);
  await forgetFormerLives(source, uuid, Number.POSITIVE_INFINITY);
}
