import { HOUR } from '../duration.js'
import { choice, duration, integer, limit, share } from '../variables.js'

/** What is remembered, and what happens in an outage and under load. */
export const resilience = {
  VALIDATION_CACHE_MAX: integer({
    from: 0,
    to: 1_000_000,
    defaults: '10000',
    description: 'Validated tokens that a process remembers; 0 turns it off',
  }),
  VALIDATION_CACHE_TTL: duration({
    from: 100,
    to: HOUR,
    defaults: '5m',
    description: 'How long at most it remembers one',
  }),
  STORE_OUTAGE_MODE: choice(['closed', 'stateless'], {
    defaults: 'closed',
    description:
      'With the store away, `closed` answers 503; `stateless` lets tokens accepted before go on reading',
  }),
  PRESSURE_MAX_EVENT_LOOP_DELAY_MS: limit({
    to: 60_000,
    defaults: '1000',
    description: 'Past it requests are refused with 503 `UNDER_PRESSURE`',
  }),
  PRESSURE_MAX_HEAP_MB: limit({
    to: 1_048_576,
    defaults: 'off',
    description: 'JavaScript heap in MB, alike',
  }),
  PRESSURE_MAX_RSS_MB: limit({
    to: 1_048_576,
    defaults: 'off',
    description: 'Memory of the process in MB, alike',
  }),
  PRESSURE_MAX_ELU: share({
    defaults: 'off',
    description: 'Share of time that the event loop is busy, alike; busy alone is no harm',
  }),
}
