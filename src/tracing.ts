import { FastifyOtelInstrumentation } from '@fastify/otel'
import { SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto'
import { resourceFromAttributes } from '@opentelemetry/resources'
import {
  BatchSpanProcessor,
  NodeTracerProvider,
  type ReadableSpan,
  type SpanExporter,
} from '@opentelemetry/sdk-trace-node'
import type { FastifyPluginCallback } from 'fastify'
import { randomId } from './ids.js'
import { version } from './version.js'

/** Ends the span of an operation. */
export type EndSpan = (failed: boolean) => void

/** What the app does for its traces. */
export interface Tracing {
  /** Makes a span of each request of the app that it is registered in. */
  plugin: FastifyPluginCallback
  /** Begins a span of an operation of the store; none of what happens outside of requests. */
  operation: (system: string, operation: string) => EndSpan | undefined
  /** Sends what is left. */
  close: () => Promise<void>
}

/** How long a collector that does not answer may keep an export, or the end of the process. */
const exportTimeout = 2_000

/** The exporter without what errors say of themselves: their texts are for the log, which is redacted. */
const withoutTexts = (exporter: SpanExporter): SpanExporter => ({
  export: (spans, done) => {
    const silent = spans.map((span): ReadableSpan => {
      const { code } = span.status
      return Object.create(span, { status: { value: { code } } })
    })
    exporter.export(silent, done)
  },
  shutdown: () => exporter.shutdown(),
})

/**
 * Sends spans to a collector. Loaded only where one is configured. No span holds a URL, a header, an
 * argument of the store or an error's text: patterns and names alone.
 */
export const startTracing = (endpoint: string): Tracing => {
  const url = `${endpoint.replace(/\/$/, '')}/v1/traces`
  const provider = new NodeTracerProvider({
    resource: resourceFromAttributes({
      'service.name': 'gatehouse',
      'service.version': version,
      'service.instance.id': randomId(),
    }),
    spanProcessors: [
      new BatchSpanProcessor(
        withoutTexts(new OTLPTraceExporter({ url, timeoutMillis: exportTimeout })),
      ),
    ],
  })
  provider.register()
  const tracer = provider.getTracer('gatehouse')
  const requests = new FastifyOtelInstrumentation({
    // Of hooks and handlers there would be ten spans a request, and nothing to be seen in them.
    instrumentHooks: false,
    instrumentHandler: false,
    recordExceptions: false,
    requestHook: (span, { routeOptions, method }) => {
      const { url: route = 'unknown' } = routeOptions
      // It would be the URL, whose query may carry a token.
      span.setAttribute('url.path', route)
      span.updateName(`${method} ${route}`)
    },
  })
  requests.setTracerProvider(provider)

  return {
    plugin: requests.plugin() as FastifyPluginCallback,
    operation: (system, operation) => {
      if (trace.getActiveSpan() === undefined) return undefined
      const attributes = { 'db.system.name': system, 'db.operation.name': operation }
      const span = tracer.startSpan(`store ${operation}`, { kind: SpanKind.CLIENT, attributes })
      return (failed) => {
        if (failed) span.setStatus({ code: SpanStatusCode.ERROR })
        span.end()
      }
    },
    close: () => provider.shutdown(),
  }
}
