import type { RequestHead } from '../codecs/http1-request.ts'
import type { Pool } from '../pool/pool.ts'
import { BackendCookie, type CookieSpec } from './affinity-cookie.ts'
import { headerKey, networkOf, queryKey, urlKey } from './affinity-keys.ts'

/** What keeps a client's requests on one backend. */
export type AffinitySpec =
  /** The client's address, or its path and query. */
  | { readonly kind: 'client' | 'url' }
  /** The value of a header, or of a parameter of the query. */
  | { readonly kind: 'header' | 'query'; readonly name: string }
  /** A cookie that piloti gives to clients. */
  | ({ readonly kind: 'cookie' } & CookieSpec)

/** Tells which requests belong together: by a key for the strategy, or by the backend they know. */
export interface Affinity {
  /** The same for requests that belong together; empty for those that belong to none. */
  key(head: RequestHead, bytes: Buffer, clientAddress: string): string
  /** The backend the client was given before, which may be gone meanwhile: `leaseOf` knows. */
  backendId?(head: RequestHead, bytes: Buffer): string | undefined
  /** The line, with its CRLF, that gives this backend to the client. */
  cookieLine?(backendId: string): Buffer
}

/** @throws RangeError for a name that no header, parameter or cookie can have. */
export function createAffinity(spec: AffinitySpec, pool: Pool): Affinity {
  switch (spec.kind) {
    case 'client':
      return { key: (_head, _bytes, clientAddress) => networkOf(clientAddress) }
    case 'url':
      return { key: urlKey }
    case 'header':
      return { key: headerKey(spec.name) }
    case 'query':
      return { key: queryKey(spec.name) }
    case 'cookie':
      return new BackendCookie(spec, pool)
  }
}
