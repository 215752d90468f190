/**
 * The suite that every adapter passes, ours or a stranger's. It knows no test runner:
 *
 *     for (const { name, run } of adapterContract({ adapter, fixture, capabilities })) test(name, run);
 *
 * `fixture.ts` says what it needs of a kind of database besides the adapter; `source-*.ts`, `target-*.ts` and
 * `pair-*.ts` hold the cases; `scene.ts` opens and clears away; `replay.ts` plays chunks into memory.
 */
import type { ContractCase } from './contract-case';
import type { ContractOptions, ContractPart } from './options';
import { diagnosisCases } from './diagnosis';
import { pairCopyCases } from './pair-copies';
import { pairFilterCases } from './pair-filters';
import { pairKeepingCases } from './pair-keeping';
import { pairTableCases } from './pair-tables';
import { pairLetterCases } from './pair-letters';
import { pairStragglerCases } from './pair-stragglers';
import { pairTransferCases } from './pair-transfers';
import { pairValueCases } from './pair-values';
import { sourceChangeCases } from './source-changes';
import { sourceConsumerCases } from './source-consumers';
import { sourceInstallCases } from './source-install';
import { sourceKeysetCases } from './source-keyset';
import { sourceKeysetSchemaCases } from './source-keyset-schema';
import { sourceMemoryCases } from './source-memory';
import { sourcePositionCases } from './source-positions';
import { sourceReadingCases } from './source-reading';
import { sourceSchemaCases } from './source-schema';
import { sourceSideEffectCases } from './source-side-effects';
import { sourceSnapshotCases } from './source-snapshot';
import { sourceTransactionCases } from './source-transactions';
import { sourceWaitingCases } from './source-waiting';
import { targetCheckpointCases } from './target-checkpoint';
import { targetKeepingCases } from './target-keeping';
import { targetKeyCases } from './target-keys';
import { targetLetterCases } from './target-letters';
import { targetMergeCases } from './target-merge';
import { targetRangeCases } from './target-ranges';
import { targetRepairCases } from './target-repairs';
import { targetTransactionCases } from './target-transactions';

export type { ContractCase } from './contract-case';
export type * from './fixture';
export type * from './options';

type CaseMaker = (options: ContractOptions) => readonly ContractCase[];

const CASES: Readonly<Record<ContractPart, readonly CaseMaker[]>> = {
  source: [
    sourceSchemaCases,
    sourceInstallCases,
    sourceChangeCases,
    sourceTransactionCases,
    sourceSideEffectCases,
    sourceReadingCases,
    sourceMemoryCases,
    sourceSnapshotCases,
    sourcePositionCases,
    sourceConsumerCases,
    sourceWaitingCases,
    sourceKeysetCases,
    sourceKeysetSchemaCases,
  ],
  target: [
    targetCheckpointCases,
    targetTransactionCases,
    targetMergeCases,
    targetRangeCases,
    targetKeepingCases,
    targetKeyCases,
    targetLetterCases,
    targetRepairCases,
  ],
  pair: [
    diagnosisCases,
    pairTableCases,
    pairTransferCases,
    pairCopyCases,
    pairKeepingCases,
    pairStragglerCases,
    pairValueCases,
    pairLetterCases,
    pairFilterCases,
  ],
};

/** The cases for one adapter; each is independent of the others and may run beside them. */
export function adapterContract(options: ContractOptions): readonly ContractCase[] {
  const parts = options.parts ?? (['source', 'target', 'pair'] as const);
  return parts.flatMap((part) => CASES[part].flatMap((make) => make(options)));
}
