/**
 * Which rows a chunk's ranges take. Tables are copied some at once, so that a large one does not hold up those behind
 * it, and a table that ends makes room for the next one in the same chunk, so that many small ones take few chunks.
 */
import type { TableRoute } from './plan';
import type { RangeRequest, SnapshotProgress, SnapshotRequest } from './transfer';

/** A request for one range alone. */
export function oneRange(range: RangeRequest, limit: number): SnapshotRequest {
  return { ranges: [range], limit, atOnce: 1 };
}

/** A range to read. */
export interface RangeToRead {
  readonly route: TableRoute;
  readonly request: RangeRequest;
  /** Most rows of it, 1 or more: it is finished if it has fewer. */
  readonly limit: number;
}

/** What a range may take of the rows of its chunk. */
export interface RangeShare {
  readonly range: RangeToRead;
  /** To be told what became of it before the next share is taken; one that was not read leaves its rows to others. */
  readonly took: (progress: Pick<SnapshotProgress, 'rows' | 'finished'>) => void;
}

/**
 * The ranges that a chunk reads, in order. Each gets as many of the rows that are left as the others that may still be
 * read beside it; none is of a table without a route.
 */
export function* shareOut(
  snapshot: SnapshotRequest | null,
  routes: readonly TableRoute[],
): Generator<RangeShare, void, undefined> {
  if (snapshot === null) return;
  const asked = snapshot.ranges.flatMap((request) => {
    const route = routes.find(({ id }) => id === request.table);
    return route === undefined ? [] : [{ route, request }];
  });
  let left = snapshot.limit;
  let open = 0;
  for (const [place, { route, request }] of asked.entries()) {
    const beside = Math.min(snapshot.atOnce - open, asked.length - place);
    if (left <= 0 || beside <= 0) return;
    yield {
      range: { route, request, limit: Math.ceil(left / beside) },
      took({ rows, finished }) {
        left -= rows;
        if (!finished) open += 1;
      },
    };
  }
}
