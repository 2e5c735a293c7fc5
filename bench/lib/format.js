export const rate = ({ median, q1, q3 }) =>
  `${Math.round(median).toLocaleString('en')} (${Math.round(q1).toLocaleString('en')}–${Math.round(q3).toLocaleString('en')})`
export const ratio = ({ median, q1, q3 }) =>
  `${median.toFixed(2)} (${q1.toFixed(2)}–${q3.toFixed(2)})`
export const micro = ({ median }) => median.toFixed(1)
export const ms = (value) => value.toFixed(value < 10 ? 1 : 0)
export const mb = (value) => String(Math.round(value))

/** A picture of how often each answers, as a share of the first one. */
export const shares = (entries) => ({
  kind: 'bars',
  caption: `requests/s, where those of ‘${entries[0].name}’ are 1`,
  rows: entries.map(({ name, ratio, rate }) => ({
    name,
    values: [ratio.median],
    labels: [`${ratio.median.toFixed(2)} (${Math.round(rate.median).toLocaleString('en')}/s)`],
  })),
})

/** The rows of paired rounds, and a picture of them. */
export const comparison = (results) => {
  const entries = Object.entries(results)
  const [, base] = entries[0]
  return {
    columns: ['server', 'requests/s', 'ratio', 'CPU µs', 'CPU ratio', 'p50 ms', 'p99 ms', 'RSS MB'],
    rows: entries.map(([name, result]) => [
      name,
      rate(result.rate),
      ratio(result.ratio),
      micro(result.cpu),
      (base.cpu.median / result.cpu.median).toFixed(2),
      ms(result.p50),
      ms(result.p99),
      mb(result.memory),
    ]),
    panels: [shares(entries.map(([name, result]) => ({ name, ...result })))],
    results,
  }
}

/** A promise of the project, and what became of it in this run. */
export const claim = (what, value, target, { atMost = false, digits = 2 } = {}) => ({
  what,
  target: `${atMost ? '≤' : '≥'} ${Number(target.toFixed(2))}`,
  value: value.toFixed(digits),
  isKept: atMost ? value <= target : value >= target,
})
