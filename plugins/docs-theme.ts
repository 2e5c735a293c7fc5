/** A portcullis in its gate, 32 by 32. */
const mark = `<rect width="32" height="32" rx="8" fill="#3b5bdb"/>
  <g fill="none" stroke="#fff" stroke-linecap="round">
    <path d="M8 25V15a8 8 0 0 1 16 0v10" stroke-width="2.6"/>
    <path d="M13.4 25v-9.6M18.6 25v-9.6M8 20h16" stroke-width="2.2"/>
  </g>`

const icon = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">${mark}</svg>`

/** For the bar at the top of the page, which is dark whatever the theme. */
const banner = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 150 32" width="188" height="40">
  ${mark}
  <text x="42" y="22.5" fill="#fff" font-family="system-ui, sans-serif" font-size="18" font-weight="600">Gatehouse</text>
</svg>`

const type = 'image/svg+xml'

/** What the page of the OpenAPI document bears in place of its makers' marks. */
export const docsTheme = {
  theme: {
    title: 'Gatehouse',
    favicon: [{ filename: 'icon.svg', rel: 'icon', type, sizes: 'any', content: icon }],
  },
  logo: { type, content: banner },
}
