export type Cell = string | number;

/** Three digits that count, for numbers below a thousand; the whole number above. */
export function formatNumber(value: number): string {
  const options = Math.abs(value) < 100 ? { maximumSignificantDigits: 3 } : { maximumFractionDigits: 0 };
  return value.toLocaleString('en', options);
}

/** A Markdown table whose columns of numbers stand on the right; empty where there are no rows. */
export function createTable(head: readonly string[], rows: readonly (readonly Cell[])[]): string {
  if (rows.length === 0) return '';
  const isNumber = head.map((_, column) => rows.every((row) => typeof row[column] === 'number'));
  const line = (cells: readonly Cell[]) =>
    `| ${cells.map((cell) => (typeof cell === 'number' ? formatNumber(cell) : cell)).join(' | ')} |`;
  const rule = isNumber.map((right) => (right ? '---:' : '---'));
  return [line(head), line(rule), ...rows.map((row) => line(row))].join('\n');
}
