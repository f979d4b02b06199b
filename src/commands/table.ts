/** Rows as a table of aligned columns, numbers to the right, for people to read. */
export function table (head: readonly string[], rows: ReadonlyArray<ReadonlyArray<string | number>>): string {
  const texts = rows.map((row) => row.map((cell) => typeof cell === 'number' ? cell : printable(cell)))
  const widths = head.map((title, column) => Math.max(title.length, ...texts.map((row) => String(row[column] ?? '').length)))
  const line = (cells: ReadonlyArray<string | number>): string => cells
    .map((cell, column) => typeof cell === 'number' ? String(cell).padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0))
    .join('  ').trimEnd()
  return [line(head), ...texts.map(line)].join('\n')
}

/** A text that does nothing to a terminal but show: names come from strangers, and control characters are commands there. */
export function printable (text: string): string {
  return text.replace(/\p{Cc}/gu, '\ufffd')
}
