import type { PilotiError } from '../base/errors.ts'
import type { BackendSpec } from '../pool/backend.ts'

/**
 * Tells which backends exist, first when it is started and then whenever that changes.
 *
 * It fails static: what it has told stays true until it tells something else.
 */
export interface Discovery {
  /** What it looks at, for people: `file servers.txt`, `dns api.internal`. */
  readonly name: string
  /**
   * Begins to look.
   *
   * @returns when it has told for the first time, or that it cannot; it goes on looking in both cases.
   */
  start(observer: DiscoveryObserver): Promise<void>
  /** Stops looking; nothing is told any more, and nothing keeps the process alive. */
  close(): void
}

export interface DiscoveryObserver {
  /** All backends there are, at least one. Told only when it differs from what was told last. */
  found(specs: readonly BackendSpec[]): void
  /** It could not look, or found nothing. Told once for each reason, until something was found again. */
  failed(error: PilotiError): void
}
