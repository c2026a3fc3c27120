const quantity = /(Ms|Max|Bytes|Limit)$/

/**
 * Refuses quantities that would go wrong later, in the callback of a socket: what is no number, or below 0.
 *
 * @throws RangeError
 */
export function checkQuantities(options: object): void {
  for (const [name, value] of Object.entries(options)) {
    if (!quantity.test(name) || value === undefined) continue
    if (typeof value === 'number' && value >= 0) continue
    throw new RangeError(`${name} is '${value}': a number from 0 wanted`)
  }
}
