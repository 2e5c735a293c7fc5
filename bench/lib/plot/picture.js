import { bars } from './bars.js'
import { lines } from './lines.js'
import { escaped, text } from './text.js'

const width = 760
const kinds = { bars, lines }

/** An SVG of panels below each other, each with its caption, that is legible on light and on dark pages. */
export const picture = (title, panels) => {
  const parts = []
  let y = 22
  for (const { kind, caption, ...what } of panels) {
    const panel = kinds[kind](what)
    parts.push(
      text(8, y + 20, caption),
      `<g transform="translate(0 ${y + 34})">`,
      ...panel.parts.map((part) => `  ${part}`),
      '</g>',
    )
    y += 34 + panel.height + 8
  }
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${y}" font-family="sans-serif" font-size="12">`,
    `  <title>${escaped(title)}</title>`,
    '  <rect width="100%" height="100%" fill="#ffffff"/>',
    `  ${text(8, 20, title, ' font-weight="bold"')}`,
    ...parts.map((part) => `  ${part}`),
    '</svg>',
    '',
  ].join('\n')
}
