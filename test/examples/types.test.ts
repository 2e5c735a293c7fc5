import { fileURLToPath } from 'node:url'
import t from 'tap'
import ts from 'typescript'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** The members that `request.user` has not, of those that an example's program asks it for. */
const unknownMembers = (example: string, members: string[]): string[] => {
  const config = ts.getParsedCommandLineOfConfigFile(
    `${root}test/tsconfig.json`,
    { types: ['node'] },
    { ...ts.sys, onUnRecoverableConfigFileDiagnostic: () => {} },
  )
  const { options = {}, fileNames = [] } = config ?? {}
  const declarations = fileNames.filter((name) => name.endsWith('.d.ts'))
  const probe = `${root}examples/${example}/probe.js`
  const text = [
    "import './server.js'",
    '/** @param {import("fastify").FastifyRequest} request */',
    `export const probe = ({ user }) => [${members.map((name) => `user.${name}`)}]`,
  ].join('\n')
  const host = ts.createCompilerHost(options)
  const { fileExists, readFile } = host
  host.fileExists = (name) => name === probe || fileExists(name)
  host.readFile = (name) => (name === probe ? text : readFile(name))
  const program = ts.createProgram([probe, ...declarations], options, host)
  // The types of everything else are checked by `npm run typecheck`.
  const found = [probe, `${root}examples/${example}/server.js`].flatMap((name) => [
    ...program.getSemanticDiagnostics(program.getSourceFile(name)),
  ])
  return found.map(({ messageText }) => {
    const message = ts.flattenDiagnosticMessageText(messageText, '\n')
    return /^Property '(\w+)' does not exist/.exec(message)?.[1] ?? message
  })
}

// Each example is a program of its own, as it would be in somebody's own project: what the one makes of
// `request.user` must not help the other.
t.test('in an app with Gatehouse in it request.user is the account and its session', async (t) => {
  const members = ['userId', 'email', 'name', 'role', 'session.expiresAt', 'odd', 'passwordHash']
  t.strictSame(unknownMembers('embedded', members), ['odd', 'passwordHash'])
})

t.test('in another service it is what a token tells', async (t) => {
  const members = ['userId', 'role', 'sessionId', 'expiresAt', 'email', 'session']
  t.strictSame(unknownMembers('service', members), ['email', 'session'])
})

/** The declarations as they are packed: nothing else tells a program of what is installed. */
const declarationsIn = (folder: string): ts.CompilerOptions => {
  const config = ts.getParsedCommandLineOfConfigFile(
    `${root}tsconfig.json`,
    { outDir: folder, emitDeclarationOnly: true, incremental: false },
    { ...ts.sys, onUnRecoverableConfigFileDiagnostic: () => {} },
  )
  const { options = {}, fileNames = [] } = config ?? {}
  ts.createProgram(fileNames, options).emit()
  const { target, lib, module, moduleResolution, types } = options
  const paths = {
    gatehouse: [`${folder}/src/index.d.ts`],
    'gatehouse/verifier': [`${folder}/src/verifier.d.ts`],
  }
  const read = { target, lib, module, moduleResolution, types } as ts.CompilerOptions
  return { ...read, paths, strict: true, noEmit: true, rootDir: root }
}

t.test('what is installed brings its types along, by its declarations alone', async (t) => {
  const folder = t.testdir()
  const options = declarationsIn(folder)
  for (const [name, from, odd] of [
    ['gatehouse', 'gatehouse', 'sessionId'],
    ['verifier', 'gatehouse/verifier', 'email'],
  ] as const) {
    const probe = `${folder}/${name}.ts`
    const text = `
      import Fastify from 'fastify'
      import { ${name} } from '${from}'
      const app = Fastify()
      await app.register(${name}, {})
      const onRequest = [app.authenticate, app.authorize(['admin'])]
      app.get('/', { onRequest }, async ({ user }) => [user.userId, user.role, user.${odd}])
    `
    ts.sys.writeFile(probe, text)
    const found = ts.getPreEmitDiagnostics(ts.createProgram([probe], options))
    t.match(
      found.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n')),
      [new RegExp(`^Property '${odd}' does not exist`)],
    )
  }
})
