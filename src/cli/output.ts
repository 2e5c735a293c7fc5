/** Writes a line of what was asked for. */
export const print = (line: string): void => {
  process.stdout.write(`${line}\n`)
}

/** Writes a line beside it: progress, warnings, what went wrong. */
export const note = (line: string): void => {
  process.stderr.write(`${line}\n`)
}

/** What people may have typed, fit for a terminal: a name could hold what a terminal takes for a command. */
export const legible = (text: string): string =>
  text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '\ufffd')

/** Rows under their headings, in columns. */
export const table = (headings: string[], rows: string[][]): string => {
  const all = [headings, ...rows]
  const widths = headings.map((_, column) =>
    Math.max(...all.map((row) => [...(row[column] ?? '')].length)),
  )
  return all
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}
