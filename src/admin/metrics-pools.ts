import type { Balancer } from '../balancer.ts'
import { type Exposition, type Family, type LabelText, labels } from '../metrics/exposition.ts'
import type { AnswersView } from '../pool/answers.ts'
import type { Backend, Health } from '../pool/backend.ts'
import type { Pool } from '../pool/pool.ts'

/** Writes what there is to tell of pools and of their backends. */
export function writePools(page: Exposition, { pools }: Balancer): void {
  const requests = page.counter(
    'piloti_requests_total',
    'Answers that clients got; backend is empty where piloti itself answered.',
  )
  const writePool = poolWriter(page)
  const writeBackend = backendWriter(page)
  for (const [name, pool] of pools) {
    const ofPool = labels({ pool: name })
    writePool(ofPool, pool)
    writeAnswers(requests, labels({ pool: name, backend: '' }), pool.requests.own.view())
    for (const backend of pool.backends) {
      const ofBackend = labels({ pool: name, backend: backend.id })
      writeAnswers(requests, ofBackend, backend.answers.view())
      writeBackend(ofBackend, backend)
    }
  }
}

/** Adds one series for each class of status. */
export function writeAnswers(family: Family, common: LabelText, answers: AnswersView): void {
  for (const [name, count] of Object.entries(answers)) {
    family.add(`${common},code_class="${name}"`, count)
  }
}

function poolWriter(page: Exposition): (ofPool: LabelText, pool: Pool) => void {
  const durations = page.histogram(
    'piloti_request_duration_seconds',
    'From the head of a request to the end of its answer.',
  )
  const available = page.gauge('piloti_backends_available', 'Backends that may take work now.')
  const queued = page.gauge('piloti_queue_length', 'Work in line for a backend that is not full.')
  const waited = page.counter('piloti_queued_total', 'Work that has waited in line.')
  const isOpen = page.gauge('piloti_fail_open', 'Whether all may take work because none is up.')
  const leases = page.counter('piloti_fail_open_leases_total', 'Leases given while none was up.')
  const info = page.gauge('piloti_pool_info', 'The strategy of a pool; always 1.')
  return (ofPool, pool) => {
    durations.add(ofPool, pool.requests.times)
    available.add(ofPool, pool.available)
    queued.add(ofPool, pool.queued)
    waited.add(ofPool, pool.queuedTotal)
    isOpen.add(ofPool, Number(pool.isFailOpen))
    leases.add(ofPool, pool.failOpenLeases)
    info.add(`${ofPool},${labels({ strategy: pool.strategy.name })}`, 1)
  }
}

const everyHealth: Readonly<Record<Health, true>> = {
  up: true,
  down: true,
  ejected: true,
  trial: true,
  overloaded: true,
  draining: true,
  unknown: true,
}
const states = Object.keys(everyHealth)

type BackendWriter = (ofBackend: LabelText, backend: Readonly<Backend>) => void

function backendWriter(page: Exposition): BackendWriter {
  const isUp = page.gauge('piloti_backend_up', 'Whether a backend is up.')
  const state = page.gauge('piloti_backend_state', 'The health of a backend: 1 for what it is.')
  const active = page.gauge('piloti_backend_active', 'Leases held: requests, or connections.')
  const most = page.gauge('piloti_backend_active_limit', 'Leases held at the most; 0 is no limit.')
  const weight = page.gauge('piloti_backend_weight', 'The weight that strategies see.')
  const load = page.gauge('piloti_backend_load', 'How busy a backend says it is, from 0.')
  const leases = page.counter('piloti_leases_total', 'Leases that have ended, by outcome.')
  const ejections = page.counter('piloti_ejections_total', 'Times a backend was ejected.')
  const bytes = page.counter('piloti_bytes_total', 'Bytes sent to, and received from, a backend.')
  const times = page.histogram(
    'piloti_response_time_seconds',
    'From the end of a request to the first byte of the answer.',
  )
  return (ofBackend, backend) => {
    isUp.add(ofBackend, Number(backend.health === 'up'))
    for (const name of states) {
      state.add(`${ofBackend},state="${name}"`, Number(backend.health === name))
    }
    active.add(ofBackend, backend.active)
    most.add(ofBackend, backend.maxConnections)
    weight.add(ofBackend, backend.weight)
    load.add(ofBackend, backend.load)
    for (const outcome of ['ok', 'failed', 'aborted'] as const) {
      leases.add(`${ofBackend},outcome="${outcome}"`, backend[outcome])
    }
    ejections.add(ofBackend, backend.ejections)
    bytes.add(`${ofBackend},direction="sent"`, backend.sentBytes)
    bytes.add(`${ofBackend},direction="received"`, backend.receivedBytes)
    times.add(ofBackend, backend.responseTimes)
  }
}
