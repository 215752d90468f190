/** What a source's thread can do. */
import type {
  CaptureFigures,
  Change,
  ChangeQuery,
  ChunkRequest,
  Consumer,
  Feeder,
  NewConsumer,
  Pending,
  PlanNotice,
  PlanStep,
  Position,
  PurgeRequest,
  RowChunk,
  ScanRequest,
  ScanResult,
  TableRoute,
  TableSchema,
} from '../../../model';
import { assess } from '../keyset/assess';
import { checkRoutes } from '../keyset/columns';
import { look, valueAt } from '../keyset/look';
import { copyRange, readPages } from '../keyset/read';
import { isInstalled } from '../capture/registry';
import { readChanges } from './changes';
import { checkFilter } from '../rows/filter';
import { estimateRows } from './estimate';
import { checkPosition } from '../capture/check';
import { advanceConsumer, readConsumers } from '../capture/consumers';
import { readHeadPosition } from '../capture/counter';
import type { FileIdentity } from '../database/file';
import { install, planCapture, sourceId } from '../capture/install';
import { readNotices } from '../capture/notices';
import { countPending, lookForChange, readFigures, type Look } from './pending';
import { encodePosition } from '../capture/position';
import { purge } from '../capture/purge';
import { digestRows } from '../rows/digest';
import { scanRows } from '../rows/scan';
import { readTables } from '../schema/schema';
import type { Session } from '../database/session';
import { readFeeders } from '../target/checkpoint-rows';
import { textOf } from '../database/values';
import { readSource, requireSameFile, writeSource } from './transaction';
import { suspend, uninstall } from '../capture/uninstall';
import { readChunk } from './window';

export const sourceOperations = {
  fileIdentity(session: Session): FileIdentity {
    return session.identity;
  },
  sourceTables(session: Session): readonly TableSchema[] {
    return readSource(session, () => readTables(session));
  },

  planCapture(session: Session, tables: readonly string[]): readonly PlanStep[] {
    return planCapture(session, tables);
  },
  sourceNotices(session: Session, tables: readonly string[]): readonly PlanNotice[] {
    return readNotices(session, tables);
  },
  checkFilter,
  installCapture(session: Session, tables: readonly string[], consumer: NewConsumer): Consumer {
    return install(session, tables, consumer);
  },
  uninstallCapture(session: Session, uuid: string): void {
    uninstall(session, uuid);
  },
  suspendCapture(session: Session, uuid: string): void {
    suspend(session, uuid);
  },
  sourceId(session: Session): string | null {
    return readSource(session, () => sourceId(session));
  },
  feeders(session: Session): readonly Feeder[] {
    return readSource(session, () => readFeeders(session));
  },

  head(session: Session): Position {
    return readSource(session, () =>
      encodePosition(isInstalled(session) ? readHeadPosition(session) : { id: 0, at: null, schema: null }),
    );
  },
  checkPosition(session: Session, position: Position, routes: readonly TableRoute[]): string {
    return checkPosition(session, position, routes);
  },
  pending(session: Session, position: Position, routes: readonly TableRoute[], limit: number): Pending {
    return countPending(session, position, routes, limit);
  },
  lookForChange(
    session: Session,
    position: Position,
    tables: readonly string[],
    lastVersion: number | null,
  ): Look {
    return lookForChange(session, position, tables, lastVersion);
  },

  readChunk(session: Session, request: ChunkRequest): RowChunk {
    return readChunk(session, request);
  },
  readChanges(session: Session, query: ChangeQuery): readonly Change[] {
    return readChanges(session, query);
  },
  /** On a target, too. */
  scan(session: Session, request: ScanRequest): ScanResult {
    return scanRows(session, request);
  },
  digest: digestRows,

  keysetAssess: assess,
  keysetCheck: checkRoutes,
  keysetLook: look,
  keysetValueAt: valueAt,
  keysetRead: readPages,
  keysetCopy: copyRange,
  /** Changes when another connection has committed. */
  keysetToken(session: Session): string {
    requireSameFile(session);
    return textOf(session.get('SELECT CAST(data_version AS TEXT) FROM pragma_data_version')?.[0]);
  },

  consumers(session: Session): readonly Consumer[] {
    return readSource(session, () => readConsumers(session));
  },
  acknowledge(session: Session, uuid: string, seq: number, position: Position, now: number): void {
    writeSource(session, () => {
      if (isInstalled(session)) advanceConsumer(session, uuid, { seq, position, now });
    });
  },
  purge(session: Session, request: PurgeRequest): number {
    return purge(session, request);
  },
  figures(session: Session, routes: readonly TableRoute[]): readonly CaptureFigures[] {
    return readFigures(session, routes);
  },
  estimateRows(session: Session, routes: readonly TableRoute[]): readonly (number | null)[] {
    return estimateRows(session, routes);
  },
};
