import type { Discovery } from './discovery.ts'
import { createDnsDiscovery } from './dns.ts'
import { createFileDiscovery } from './file.ts'
import type { SourceSpec } from './source.ts'

/**
 * Makes what looks at a source.
 *
 * @throws PilotiError ADDRESS for a name or a name server that cannot be.
 */
export function createDiscovery(source: SourceSpec): Discovery {
  return source.kind === 'file'
    ? createFileDiscovery(source.path, source.port === undefined ? {} : { port: source.port })
    : createDnsDiscovery(source)
}
