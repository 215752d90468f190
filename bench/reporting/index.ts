/** What a benchmark reports, and how it is shown and kept. */
export { judged, type Bar, type BenchmarkReport, type FigureTable, type JudgedBar } from './report';
export { printReport } from './print';
export { writeResults, type Results } from './results-file';
