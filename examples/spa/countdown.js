const units = new Intl.RelativeTimeFormat('en')

/** 'in 42 seconds', 'in 5 minutes'. @param {number} seconds */
const inWords = (seconds) => {
  if (seconds < 120) return units.format(seconds, 'second')
  if (seconds < 7_200) return units.format(Math.ceil(seconds / 60), 'minute')
  return units.format(Math.ceil(seconds / 3_600), 'hour')
}

/**
 * Writes 'Try again in 42 seconds.' into an element until the time has come.
 * @param {Element} element
 * @param {string} what
 * @param {number} seconds
 * @param {() => void} done
 * @returns {() => void} stops it
 */
export const countDown = (element, what, seconds, done) => {
  // By the clock: the timers of a tab in the background, and of a machine asleep, fall behind.
  const end = Date.now() + seconds * 1_000
  const tick = () => {
    const left = Math.ceil((end - Date.now()) / 1_000)
    if (left > 0) {
      element.textContent = `${what} ${inWords(left)}.`
      return
    }
    clearInterval(timer)
    done()
  }
  const timer = setInterval(tick, 1_000)
  element.textContent = `${what} ${inWords(seconds)}.`
  return () => clearInterval(timer)
}
