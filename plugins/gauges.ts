import fp from 'fastify-plugin'
import { eventTypes } from '../src/events/security-event.js'
import { version } from '../src/version.js'

const bit = (holds: boolean): number => (holds ? 1 : 0)

/** Adds what the others know to the metrics; it is asked of them only when somebody reads those. */
export default fp(
  async (app) => {
    const { gauge, total, totals, fact } = app.metrics
    const { cache } = app.sessions
    const { invalidations } = app.stores

    fact('gatehouse_info', 'What runs here', { version, store: app.stores.kind })
    gauge('gatehouse_workers', 'Processes that are summed up here', () => 1)

    totals('gatehouse_security_events_total', 'Security events, by type', 'type', () =>
      eventTypes.map((type) => [type, app.events.counts.get(type) ?? 0] as const),
    )
    gauge(
      'gatehouse_security_events_waiting',
      'Security events that the store has not got yet',
      () => app.events.recording().waiting,
    )
    total(
      'gatehouse_security_events_dropped_total',
      'Security events that the store never got; the log has them',
      () => app.events.recording().dropped,
    )

    total(
      'gatehouse_validation_cache_hits_total',
      'Access tokens that the validation cache knew',
      () => cache.stats().hits,
    )
    total(
      'gatehouse_validation_cache_misses_total',
      'Access tokens that it did not know',
      () => cache.stats().misses,
    )
    gauge(
      'gatehouse_validation_cache_hit_ratio',
      'Share of hits since the start; absent before the first look-up',
      () => {
        const { hits, misses } = cache.stats()
        return hits + misses === 0 ? undefined : hits / (hits + misses)
      },
      'average',
    )
    gauge('gatehouse_validation_cache_entries', 'Tokens in it', () => cache.stats().size)
    gauge(
      'gatehouse_validation_cache_open',
      'Whether it may answer; 0 also where it is turned off',
      () => bit(cache.stats().open),
      'min',
    )

    gauge(
      'gatehouse_password_hashes_running',
      'Password hashes under way',
      () => app.hasher.stats().active,
    )
    gauge(
      'gatehouse_password_hash_queue',
      'Password hashes that wait',
      () => app.hasher.stats().queued,
    )

    gauge(
      'gatehouse_mail_waiting',
      'Mails that wait, of all instances together; absent while the store is away',
      () => app.mail.waiting().catch(() => undefined),
      'max',
    )
    total(
      'gatehouse_mails_sent_total',
      'Mails that a mail server has taken',
      () => app.mail.stats().sent,
    )
    total(
      'gatehouse_mail_failures_total',
      'Tries to send a mail that failed',
      () => app.mail.stats().failed,
    )
    total(
      'gatehouse_mails_dropped_total',
      'Mails that were given up',
      () => app.mail.stats().dropped,
    )

    gauge(
      'gatehouse_store_up',
      'Whether the store takes writes, tried when this is read',
      () =>
        app.stores.ping().then(
          () => 1,
          () => 0,
        ),
      'min',
    )
    gauge(
      'gatehouse_invalidation_channel_up',
      'Whether revocations elsewhere are surely heard',
      () => bit(invalidations.isProved()),
      'min',
    )
    gauge(
      'gatehouse_under_pressure',
      'Whether requests are refused for load',
      () => bit(app.pressure.isOn()),
      'max',
    )
  },
  {
    name: 'gauges',
    dependencies: ['metrics', 'stores', 'events', 'passwords', 'sessions', 'pressure', 'mail'],
  },
)
