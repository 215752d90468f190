/** Aligned columns without borders; wide characters and colours count as what they show. */
import Table from 'cli-table3';

export type Align = 'left' | 'right';

export interface Column {
  readonly title: string;
  readonly align: Align;
}

const NO_BORDERS = {
  ...{ top: '', 'top-mid': '', 'top-left': '', 'top-right': '' },
  ...{ bottom: '', 'bottom-mid': '', 'bottom-left': '', 'bottom-right': '' },
  ...{ left: '', 'left-mid': '', mid: '', 'mid-mid': '', right: '', 'right-mid': '', middle: '   ' },
};

/** Lines of a table, each indented by two spaces, with the titles in the first. */
export function columns(
  layout: readonly Column[],
  rows: readonly (readonly string[])[],
  paintTitle: (text: string) => string,
): string {
  const table = new Table({
    chars: NO_BORDERS,
    style: { 'padding-left': 0, 'padding-right': 0, head: [], border: [] },
    head: layout.map(({ title }) => paintTitle(title)),
    colAligns: layout.map(({ align }) => align),
  });
  table.push(...rows.map((row) => [...row]));
  return table
    .toString()
    .split('\n')
    .map((line) => `  ${line}`.trimEnd())
    .join('\n');
}

/** Lines of `label  text`, the texts below each other. */
export function labelled(
  entries: readonly (readonly [string, string])[],
  paintLabel: (text: string) => string,
): string {
  const width = Math.max(...entries.map(([label]) => label.length));
  return entries
    .map(([label, text]) => {
      const indented = text.split('\n').join(`\n${' '.repeat(width + 4)}`);
      return `  ${paintLabel(label.padEnd(width))}  ${indented}`.trimEnd();
    })
    .join('\n');
}
