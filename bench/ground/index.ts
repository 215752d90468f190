/** What the benchmarks stand on: a temporary folder, helper processes, a table with its workload, the product. */
export { installCapture } from './capture';
export { copyDatabase } from './copy-database';
export { startHelper, type Helper } from './helper-process';
export { historySince, runningActivities, type HistoryEntry } from './history';
export { createItems, fillItems, openDatabase, writeBacklog, ITEM_COLUMNS, ITEMS } from './items';
export { betweenFiles, startProduct, type PipelineFiles, type PipelinePlan, type Product } from './product';
export { requireEqual, untilRowVisible } from './target';
export { createWorkspace, type Workspace } from './workspace';
