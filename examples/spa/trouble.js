/** Trouble: the server gave no verdict. Whoever is signed in stays so, and it is tried again. */
import { AuthError } from './auth.js'
import { countDown } from './countdown.js'
import { isShown, part, say, show } from './page.js'

/** The longest time between attempts, in seconds, unless the server wants a longer one. */
const pauseMax = 30

const trouble = part(document, '#trouble')
let attempts = 0
let stopWaiting = () => {}
let retry = () => {}

/** Whether there is any at the moment. */
export const inTrouble = () => !trouble.hidden

export const endTrouble = () => {
  stopWaiting()
  trouble.hidden = true
  attempts = 0
}

/**
 * Asks the server, and again after a while for as long as it gives no verdict.
 * @param {string} meanwhile what holds as long
 * @param {() => Promise<void>} work
 */
export const untilDecided = async (meanwhile, work) => {
  stopWaiting()
  try {
    await work()
    endTrouble()
  } catch (error) {
    if (!(error instanceof AuthError)) throw error
    if (error.meaning === 'later') {
      wait(error, meanwhile, work)
      return
    }
    endTrouble()
    // The view of somebody signed out comes with the change itself.
    if (error.meaning === 'signed-out') return
    say(error.message)
    if (isShown('loading')) show('none')
  }
}

/** @param {AuthError} error @param {string} meanwhile @param {() => Promise<void>} work */
const wait = (error, meanwhile, work) => {
  attempts++
  // Growing, and not the same for everybody, or all pages would come back at once.
  const pause = Math.min(pauseMax, 2 ** attempts) * (1 + Math.random() / 2)
  const seconds = Math.ceil(Math.max(error.wait ?? 0, pause))
  if (!isShown('signed-in')) show('none')
  part(trouble, '.explanation').textContent = `${error.message} ${meanwhile}`
  trouble.hidden = false
  retry = () => void untilDecided(meanwhile, work)
  stopWaiting = countDown(part(trouble, '.timer'), 'Trying again', seconds, retry)
}

part(trouble, 'button').addEventListener('click', () => retry())
addEventListener('online', () => {
  if (inTrouble()) retry()
})
