import { Command } from 'commander'
import { version } from '../version.js'
import { addConfigCommands } from './config-check.js'
import { addExportCommand } from './export-users.js'
import { addImportCommand } from './import-users.js'
import { addKeysCommands } from './keys.js'
import { addSessionsCommands } from './sessions.js'
import { addUserCommands } from './user.js'

/** Every command of the command line. Parsing throws `CommanderError` in place of ending the process. */
export const createProgram = (): Command => {
  const program = new Command('gatehouse')
    .description(
      'The authentication server. Every command reads the same environment and works on the same store.',
    )
    .version(version)
    .exitOverride()
    .showHelpAfterError('The same with --help says what there is.')
    .addHelpText('after', '\nEach command has its own help: gatehouse user create --help')

  program
    .command('serve')
    .description('start the server')
    .addHelpText('after', '\nExample:\n  REDIS_URL=redis://localhost:6379 gatehouse serve')
    .action(async () => {
      // Loaded here alone, for no other command needs what serves. A worker comes through here again.
      const { start } = await import('../start.js')
      await start()
    })

  addUserCommands(program)
  addSessionsCommands(program)
  addImportCommand(program)
  addExportCommand(program)
  addKeysCommands(program)
  addConfigCommands(program)
  return program
}
