/** Rows as a table of aligned columns, numbers to the right, for people to read. */
export function table (head: readonly string[], rows: ReadonlyArray<ReadonlyArray<string | number>>): string {
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => String(row[column] ?? '').length)))
  const line = (cells: ReadonlyArray<string | number>): string => cells
    .map((cell, column) => typeof cell === 'number' ? String(cell).padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0))
    .join('  ').trimEnd()
  return [line(head), ...rows.map(line)].join('\n')
}
