/** What tests of a target take from the contract suite's own cases. */
export { checkpointOf, rowSet, stage } from '../../engine/contract/target-scene';
export { first } from '../../engine/contract/scene';
