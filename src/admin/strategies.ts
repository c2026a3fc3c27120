import { strategies } from '../strategies/index.ts'

export interface StrategyView {
  readonly name: string
  readonly summary: string
}

const summaries: Readonly<Record<string, string>> = {
  'n-to-1': 'all work to the first backend that may take it; the others stand by',
  'round-robin': 'each backend in turn, by weight',
  'least-connections': 'the backend with the least work under way, for its weight',
  'least-response-time': 'the backend that promises the earliest answer',
  'peak-ewma': 'the cheaper of two drawn backends, by peak response time and work under way',
  'two-choices': 'the less busy of two drawn backends',
  random: 'one by chance, in proportion to the weights',
  source: 'each client address to one backend, by hash',
  rendezvous: 'each key to one backend that has room; few keys move when backends change',
  ring: 'each key to one backend on a circle of hashes',
  maglev: 'each key to one backend by a table of even shares',
}

/** Every strategy of the table, and in a line what it does. */
export function strategyViews(): readonly StrategyView[] {
  return Object.keys(strategies).map((name) => ({ name, summary: summaries[name] ?? '' }))
}
