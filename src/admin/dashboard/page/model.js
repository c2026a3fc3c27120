// What the page knows: the state now, and samples of the last minutes.

/** @typedef {import('../told.ts').Update} Update */
/** @typedef {import('../told.ts').Sample} Sample */
/** @typedef {import('../told.ts').State} State */
/** @typedef {import('../told.ts').About} About */
/** @typedef {import('../told.ts').Happening} Happening */
/** @typedef {import('../told.ts').BackendSample} BackendSample */

const happeningsMax = 200

export class Model {
  /** @type {State} */
  state = { listeners: [], pools: [] }
  /** @type {About} */
  about = { version: '', pid: 0, strategies: [], edgesMs: [], keptMs: 300_000 }
  /** @type {Sample[]} */
  samples = []
  /** @type {Happening[]} */
  happenings = []
  /** @type {Update['decisions']} */
  decisions = []
  nowMs = 0

  /** @param {Update} update */
  take({ about, decisions, happenings, nowMs, samples, state }) {
    if (about !== undefined) {
      // After a break all is told anew, perhaps by another process.
      this.about = about
      this.samples = []
      this.happenings = []
    }
    this.state = state
    this.decisions = decisions
    this.nowMs = nowMs
    this.samples.push(...samples)
    const first = this.samples.findIndex(({ atMs }) => atMs > nowMs - this.about.keptMs)
    this.samples.splice(0, first)
    const nth = this.happenings.at(-1)?.nth ?? 0
    this.happenings.push(...happenings.filter((happening) => happening.nth > nth))
    this.happenings.splice(0, this.happenings.length - happeningsMax)
  }

  /** @returns {Sample | undefined} */
  get last() {
    return this.samples.at(-1)
  }

  /** How far back the samples go. */
  get knownMs() {
    return this.nowMs - (this.samples[0]?.atMs ?? this.nowMs)
  }

  /** @param {string} pool @param {string} id @returns {BackendSample} */
  now(pool, id) {
    return this.last?.pools[pool]?.backends[id] ?? [0, null, null, 0, 0]
  }

  /** Work a second of all backends. @param {string} pool */
  rateOf(pool) {
    const backends = Object.values(this.last?.pools[pool]?.backends ?? {})
    return backends.reduce((sum, [perS]) => sum + perS, 0)
  }

  /**
   * One number of a backend over time, with null where there was none.
   *
   * @param {string} pool @param {string} id @param {number} column @param {number} lastMs
   * @returns {{ agoMs: number, value: number | null }[]}
   */
  series(pool, id, column, lastMs) {
    const sinceMs = this.nowMs - lastMs
    return this.samples
      .filter(({ atMs }) => atMs >= sinceMs)
      .map(({ atMs, pools }) => ({
        agoMs: this.nowMs - atMs,
        value: pools[pool]?.backends[id]?.[column] ?? null,
      }))
  }
}
