import { readdirSync, readFileSync } from 'node:fs'
import { performance } from 'node:perf_hooks'
import type { Histogram } from '../base/histogram.ts'
import { type Exposition, labels } from '../metrics/exposition.ts'

/** How the reloads went; written by who reloads. */
export interface Reloads {
  ok: number
  rejected: number
  isLastOk: boolean
}

export const noReloads: Readonly<Reloads> = { ok: 0, rejected: 0, isLastOk: true }

const startS = Date.now() / 1_000 - process.uptime()

/** Writes how reloads went. */
export function writeReloads(page: Exposition, { isLastOk, ok, rejected }: Reloads): void {
  const total = page.counter('piloti_reloads_total', 'Reloads of the configuration, by result.')
  total.add('result="ok"', ok)
  total.add('result="rejected"', rejected)
  const last = page.gauge('piloti_last_reload_ok', 'Whether the last reload was taken.')
  last.add('', Number(isLastOk))
}

/** Writes what there is to tell of the process, by the names that are usual. */
export function writeProcess(page: Exposition, version: string, lags: Readonly<Histogram>): void {
  const build = page.gauge('piloti_build_info', 'What runs; always 1.')
  build.add(labels({ version, node: process.version }), 1)
  const { active } = performance.eventLoopUtilization()
  const busy = page.counter(
    'piloti_event_loop_active_seconds_total',
    'Time in which the event loop did something; of one second at the most one.',
  )
  busy.add('', active / 1_000)
  const lag = page.histogram('piloti_event_loop_lag_seconds', 'How late a timer is.')
  lag.add('', lags)
  const { system, user } = process.cpuUsage()
  const cpu = page.counter('process_cpu_seconds_total', 'User and system CPU time.')
  cpu.add('', (system + user) / 1e6)
  const { heapUsed, rss } = process.memoryUsage()
  page.gauge('process_resident_memory_bytes', 'Resident memory.').add('', rss)
  page.gauge('nodejs_heap_size_used_bytes', 'Memory that JavaScript uses.').add('', heapUsed)
  page.gauge('process_start_time_seconds', 'When it started, since 1970.').add('', startS)
  writeFiles(page)
}

/** Only Linux tells. */
function writeFiles(page: Exposition): void {
  try {
    const open = readdirSync('/proc/self/fd').length
    const limits = readFileSync('/proc/self/limits', 'latin1')
    page.gauge('process_open_fds', 'Open files and sockets.').add('', open)
    const max = Number(/^Max open files +(\d+)/m.exec(limits)?.[1] ?? Number.POSITIVE_INFINITY)
    page.gauge('process_max_fds', 'How many may be open.').add('', max)
  } catch {}
}
