import { parseAddress } from '../base/address.ts'
import { PilotiError } from '../base/errors.ts'
import type { BackendSpec } from '../pool/backend.ts'

/**
 * Reads a backend as it is written on the command line: an address, then options after `;`.
 *
 * `127.0.0.1:5000;weight=3`
 *
 * @throws PilotiError ADDRESS when the address or an option is wrong.
 */
export function parseBackend(text: string): BackendSpec {
  const [address = '', ...options] = text.split(';')
  let weight = 1
  for (const option of options) {
    const [, digits] = /^weight=(\d+(?:\.\d+)?)$/.exec(option) ?? []
    weight = Number(digits)
    if (!(weight > 0)) {
      throw new PilotiError(
        'ADDRESS',
        `'${text}' has option '${option}': write ;weight=N, N above 0`,
      )
    }
  }
  return { address: parseAddress(address), weight }
}
