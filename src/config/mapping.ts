import { z } from 'zod'

/** A mapping of these keys and no others; a complaint about another one carries them, for suggestions. */
export function mapping<S extends z.core.$ZodLooseShape>(shape: S): z.ZodObject<S, z.core.$strict> {
  return z.strictObject(shape, {
    error: ({ code }) => (code === 'unrecognized_keys' ? Object.keys(shape).join(' ') : undefined),
  })
}

/** A key that may be left out, with what it is for. */
export function optional<T extends z.ZodType>(
  value: T,
  description: string,
): z.ZodExactOptional<T> {
  return value.describe(description).exactOptional()
}
