/** Where Gatehouse answers. `serve.js` hands out `GATEHOUSE_URL` in this file's place. */
export const apiUrl = 'http://localhost:5000'
