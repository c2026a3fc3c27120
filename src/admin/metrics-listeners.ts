import type { BalancerView, ListenerView } from '../balancer.ts'
import { type ErrorCode, errorKinds } from '../base/errors.ts'
import { type Exposition, type LabelText, labels } from '../metrics/exposition.ts'
import { writeAnswers } from './metrics-pools.ts'

/** What a client of a listener may be told. */
const codes = Object.entries(errorKinds)
  .filter(([code, { side }]) => side !== 'operator' && code !== 'ADMIN_FAILED')
  .map(([code]) => code as ErrorCode)

/** Writes what there is to tell of listeners. */
export function writeListeners(page: Exposition, listeners: BalancerView['listeners']): void {
  const writeConnections = connectionsWriter(page)
  const writeHttp = httpWriter(page)
  const writeLines = linesWriter(page)
  const retries = page.counter('piloti_retries_total', 'Tries after the first one.')
  const errors = page.counter('piloti_errors_total', 'Failures that clients saw, by error code.')
  for (const [listener, view] of Object.entries(listeners)) {
    const { http, lines, tcp } = view
    const ofListener = labels({ listener })
    writeConnections(ofListener, view)
    if (http !== undefined) writeHttp(ofListener, http)
    if (lines !== undefined) writeLines(ofListener, lines)
    retries.add(ofListener, (http ?? lines ?? tcp)?.retries ?? 0)
    const counted = http?.answers ?? (lines ?? tcp)?.errors ?? {}
    for (const code of codes) errors.add(`${ofListener},code="${code}"`, counted[code] ?? 0)
  }
}

function connectionsWriter(page: Exposition): (of: LabelText, view: ListenerView) => void {
  const active = page.gauge('piloti_connections_active', 'Clients that are connected.')
  const total = page.counter('piloti_connections_total', 'Clients that were accepted.')
  const refused = page.counter('piloti_connections_refused_total', 'Clients beyond the limit.')
  return (ofListener, { connections }) => {
    active.add(ofListener, connections.active)
    total.add(ofListener, connections.total)
    refused.add(ofListener, connections.refused)
  }
}

type HttpView = NonNullable<ListenerView['http']>

function httpWriter(page: Exposition): (of: LabelText, view: HttpView) => void {
  const received = page.counter('piloti_requests_received_total', 'Requests with a whole head.')
  const active = page.gauge('piloti_requests_active', 'Requests under way.')
  const aborted = page.counter('piloti_requests_aborted_total', 'Requests whose client left.')
  const unrouted = page.counter(
    'piloti_unrouted_requests_total',
    'Requests that piloti answered before they came to a pool.',
  )
  const idle = page.gauge('piloti_idle_backend_connections', 'Connections kept for later use.')
  const desyncs = page.counter('piloti_desyncs_total', 'Times a backend sent what nobody wanted.')
  return (ofListener, view) => {
    received.add(ofListener, view.requests)
    active.add(ofListener, view.active)
    aborted.add(ofListener, view.aborted)
    writeAnswers(unrouted, ofListener, view.unrouted)
    idle.add(ofListener, view.idleConnections)
    desyncs.add(ofListener, view.desyncs)
  }
}

type LinesView = NonNullable<ListenerView['lines']>

function linesWriter(page: Exposition): (of: LabelText, view: LinesView) => void {
  const messages = page.counter('piloti_messages_total', 'Messages that came from clients.')
  const active = page.gauge('piloti_messages_active', 'Messages under way.')
  const answers = page.counter('piloti_message_answers_total', 'Answers that clients were given.')
  const aborted = page.counter('piloti_messages_aborted_total', 'Messages whose client left.')
  const late = page.counter('piloti_late_answers_total', 'Answers that nobody waited for.')
  const connections = page.gauge('piloti_backend_connections', 'Connections to backends.')
  const desyncs = page.counter('piloti_line_desyncs_total', 'Times a backend sent no answer.')
  return (ofListener, view) => {
    messages.add(ofListener, view.messages)
    active.add(ofListener, view.active)
    answers.add(ofListener, view.answers)
    aborted.add(ofListener, view.aborted)
    late.add(ofListener, view.late)
    connections.add(ofListener, view.backendConnections)
    desyncs.add(ofListener, view.desyncs)
  }
}
