/** How often it is looked whether this process is late, in milliseconds. */
const every = 20
/** As late as a timer may be where nothing else runs. */
const usual = 5

let due = performance.now() + every
let late = 0

const look = (): void => {
  const now = performance.now()
  if (now > due + usual) late += now - due
  due = now + every
}

setInterval(look, every).unref()

/**
 * Milliseconds of a clock that stands still while this process does not get to run: what is promised within a
 * second is promised on a machine that has the second to give, and tests share theirs with others.
 */
export const ownTime = (): number => {
  look()
  return performance.now() - late
}
