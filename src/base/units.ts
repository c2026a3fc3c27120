const durations: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 }

/** Reads `20ms`, `1.5s`, `10m` or `1h`. @returns milliseconds, or undefined when it is none of these. */
export function parseDuration(text: string): number | undefined {
  const [, amount, unit] = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text) ?? []
  return amount === undefined || unit === undefined ? undefined : Number(amount) * durations[unit]!
}

/** Reads `1%` or `0.01`. @returns a share from 0 to 1, or undefined when it is neither. */
export function parseShare(text: string): number | undefined {
  const [, amount, percent] = /^(\d+(?:\.\d+)?)(%?)$/.exec(text) ?? []
  if (amount === undefined) return undefined
  const share = percent === '%' ? Number(amount) / 100 : Number(amount)
  return share <= 1 ? share : undefined
}

const sizes: Readonly<Record<string, number>> = { '': 1, k: 1_024, m: 1_048_576, g: 1_073_741_824 }

/** Reads `512`, `64k`, `10m` or `1g`. @returns bytes, or undefined when it is none of these. */
export function parseSize(text: string): number | undefined {
  const [, amount, unit] = /^(\d{1,12})([kmg]?)$/i.exec(text) ?? []
  return amount === undefined ? undefined : Number(amount) * sizes[unit!.toLowerCase()]!
}
