import { type StringOptions, type TSchema, Type } from '@sinclair/typebox'
import { formatDuration } from './duration.js'
import type { Kind } from './kinds.js'

/** What `NODE_ENV` may be. */
export const PROFILES = ['development', 'test', 'staging', 'production'] as const
export type Profile = (typeof PROFILES)[number]

/** What a variable's schema says beside its type and bounds. */
export interface Variable {
  /** For operators: one line of Markdown. */
  description: string
  /** How its text is read. */
  kind: Kind
  /** What its text looks like; it follows "must be". */
  form: string
  /** As text, read like an operator's own; one for all profiles, or one for some of them. */
  defaults?: string | Partial<Record<Profile, string>>
  /** The default in words, where it is worked out at start. */
  defaultNote?: string
  /** May come from a file, and is never shown. */
  secret?: true
}

/** A row of the table: the schema of its value, and what is told of it. */
export type VariableSchema = TSchema & Variable

/** What the table says of a variable; its builder adds the rest. */
type About = Omit<Variable, 'kind' | 'form'>

const define = <S extends TSchema>(schema: S, variable: Variable): S & Variable =>
  Object.assign(schema, variable)

interface Range {
  from: number
  to: number
}

const range = ({ from, to }: Range) => ({ minimum: from, maximum: to })

type TextAbout = About & { form?: string; bounds?: StringOptions }

/** Free text. No line breaks, since most of it ends up in a header, a claim or a key. */
export const text = ({ form = 'one line of text', bounds, ...about }: TextAbout) =>
  define(
    Type.String({ minLength: 1, maxLength: 512, pattern: '^[^\\x00-\\x1f\\x7f]*$', ...bounds }),
    {
      ...about,
      kind: 'text',
      form,
    },
  )

/** A file or folder; relative ones start at the folder where the server is started. */
export const path = (about: About) =>
  define(Type.String({ maxLength: 4096 }), { ...about, kind: 'path', form: 'a path' })

/** One of these words. */
export const choice = <const T extends string>(values: readonly T[], about: About) =>
  define(Type.Unsafe<T>(Type.Union(values.map((value) => Type.Literal(value)))), {
    ...about,
    kind: 'text',
    form: `${values.slice(0, -1).join(', ')} or ${values.at(-1)}`,
  })

/** `true` or `false`, in any case. */
export const flag = (about: About) =>
  define(Type.Boolean(), { ...about, kind: 'flag', form: 'true or false' })

/** A whole number, both ends included. */
export const integer = ({ from, to, form, ...about }: About & Range & { form?: string }) =>
  define(Type.Integer(range({ from, to })), {
    ...about,
    kind: 'integer',
    form: form ?? `a whole number from ${from} to ${to}`,
  })

/** A time in milliseconds, where the name says so. */
export const milliseconds = ({ from, to, ...about }: About & Range) =>
  define(Type.Integer(range({ from, to })), {
    ...about,
    kind: 'integer',
    form: `a whole number of milliseconds from ${from} to ${to}`,
  })

/** A time with its unit; its value is milliseconds. */
export const duration = ({ from, to, ...about }: About & Range) =>
  define(Type.Integer(range({ from, to })), {
    ...about,
    kind: 'duration',
    form: `a duration from ${formatDuration(from)} to ${formatDuration(to)}`,
  })

/** A threshold that may be off, which is 0. */
export const limit = ({ to, ...about }: About & { to: number }) =>
  define(Type.Integer({ minimum: 0, maximum: to }), {
    ...about,
    kind: 'limit',
    form: `off, or a whole number to ${to}`,
  })

/** A threshold between 0 and 1 that may be off, which is 0. */
export const share = (about: About) =>
  define(Type.Number({ minimum: 0, maximum: 1 }), {
    ...about,
    kind: 'limit',
    form: 'off, or a number from 0 to 1',
  })

/** Up to 100 texts with commas between them; `form` says of what. */
export const list = ({ form, ...about }: About & { form: string }) =>
  define(Type.Array(Type.String({ maxLength: 4096 }), { minItems: 1, maxItems: 100 }), {
    ...about,
    kind: 'list',
    form: `a comma list of ${form}`,
  })

/** Some of these words, or none. */
export const choices = <const T extends string>(values: readonly T[], about: About) =>
  define(
    Type.Array(Type.Unsafe<T>(Type.Union(values.map((value) => Type.Literal(value)))), {
      uniqueItems: true,
    }),
    { ...about, kind: 'choices', form: `none, or a comma list of ${values.join(', ')}` },
  )

/** False, or the proxies in front: what Fastify takes as `trustProxy`. */
export const proxies = (about: About) =>
  define(
    Type.Union([
      Type.Literal(false),
      Type.Array(Type.String({ maxLength: 64 }), { minItems: 1, maxItems: 100 }),
    ]),
    {
      ...about,
      kind: 'proxies',
      form: 'false, or a comma list of addresses, CIDR ranges and the word loopback',
    },
  )

/** Failures with how long each number of them locks; `from` and `to` bound the locks. */
export const tiers = ({ from, to, ...about }: About & Range) =>
  define(
    Type.Array(
      Type.Object({
        failures: Type.Integer({ minimum: 1, maximum: 1_000_000 }),
        lockMs: Type.Integer(range({ from, to })),
      }),
      { minItems: 1, maxItems: 20 },
    ),
    {
      ...about,
      kind: 'tiers',
      form: `a comma list of failures:duration with rising failures and durations from ${formatDuration(from)} to ${formatDuration(to)}, such as 3:5m,5:15m`,
    },
  )

/** For the web, an address that a path can be put behind; for mail, one that may hold credentials. */
export const url = ({ schemes, ...about }: About & { schemes: 'https?' | 'smtps?' }) =>
  define(
    Type.String({
      maxLength: 2048,
      pattern: schemes === 'https?' ? '^https?://[^\\s?#@]+$' : '^smtps?://[^\\s/][^\\s]*$',
    }),
    {
      ...about,
      kind: 'url',
      form:
        schemes === 'https?'
          ? 'an http:// or https:// address without credentials, query or fragment'
          : 'smtp://user:password@host:port, or the same with smtps://',
    },
  )

/** One Redis, a Cluster or Sentinels. */
export const redis = (about: About) =>
  define(Type.String({ maxLength: 8192 }), {
    ...about,
    kind: 'redis',
    form: 'redis://… or rediss://…, a comma list of these, or redis+sentinel://host,host/NAME',
  })

/** A PEM that signs; which one fits is a rule beside the algorithm. */
export const privateKey = (about: About) =>
  define(Type.String({ maxLength: 16_384 }), {
    ...about,
    kind: 'privateKey',
    form: 'a private key in PEM form, without a passphrase',
  })

/** Up to 20 PEMs that verify. */
export const publicKeys = (about: About) =>
  define(Type.Array(Type.String({ maxLength: 16_384 }), { minItems: 1, maxItems: 20 }), {
    ...about,
    kind: 'publicKeys',
    form: 'public keys in PEM form, one after the other',
  })
