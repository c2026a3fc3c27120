import { setTimeout as delay } from 'node:timers/promises'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { digitsAnswer, welcomeAnswer } from './answers.ts'
import { Problem, quote } from './problem.ts'
import { formOf, send, sendProblem } from './send.ts'
import { type Service, view } from './service.ts'

const allowed = 'GET, HEAD'

export function addRoutes(app: FastifyInstance, service: Service): void {
  app.addHook('onRequest', async ({ method }) => {
    if (method === 'GET' || method === 'HEAD') return
    throw new Problem('BAD_METHOD', `method ${quote(method)}: one of ${allowed}`, {
      allow: allowed,
    })
  })
  app.setErrorHandler((error, request, reply) => {
    if (reply.raw.destroyed) return reply.hijack() // Nobody is there to be told.
    return sendProblem(service, request, reply, toProblem(error))
  })
  app.setNotFoundHandler((request) => {
    throw new Problem('NOT_FOUND', `nothing at ${quote(request.url)}: /100 gives 100 digits of π`)
  })
  app.get('/', (request, reply) => {
    const answer = welcomeAnswer(service.origin, service.digitsLimit, request.host)
    return send(service, reply, { answer, form: formOf(request) })
  })
  app.get('/health', (_request, reply) => {
    reply.header('x-backend', service.origin.name)
    return reply.send({ ...app.piloti.report(reply), ...view(service) })
  })
  app.get('/:digits', (request, reply) => answerDigits(service, request, reply))
}

async function answerDigits(
  service: Service,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const start = performance.now()
  const form = formOf(request)
  const digits = parseDigits((request.params as { digits: string }).digits, service.digitsLimit)
  service.active++
  try {
    const pi = await compute(service, digits, untilGone(reply))
    const ms = Math.round((performance.now() - start) * 1_000) / 1_000
    const answer = digitsAnswer({ digits, pi, ms }, service.origin, service.digitsLimit)
    return send(service, reply, { answer, form })
  } finally {
    service.active--
  }
}

async function compute(service: Service, digits: number, signal: AbortSignal): Promise<string> {
  const { calculator, latencyMs, jitterMs, failRate, random } = service
  if (latencyMs + jitterMs > 0) await delay(latencyMs + jitterMs * random(), undefined, { signal })
  if (failRate > 0 && random() < failRate) {
    throw new Problem(
      'INJECTED',
      `failed on purpose, as ${failRate * 100} % of the requests do here`,
    )
  }
  const pi = await calculator.pi(digits, signal)
  if (pi !== undefined) return pi
  const { queueLimit } = calculator
  throw new Problem('BUSY', `${queueLimit} requests are waiting already: try again in a second`, {
    'retry-after': '1',
  })
}

/** Aborts when the client goes away before its answer. */
function untilGone({ raw }: FastifyReply): AbortSignal {
  const controller = new AbortController()
  raw.once('close', () => {
    if (!raw.writableFinished) controller.abort()
  })
  return controller.signal
}

/** @throws Problem BAD_DIGITS */
function parseDigits(text: string, limit: number): number {
  const wanted = `a whole number from 0 to ${limit} is wanted`
  if (!/^(0|[1-9][0-9]*)$/.test(text)) {
    throw new Problem('BAD_DIGITS', `${quote(text)} is not a number of digits: ${wanted}`)
  }
  if (Number(text) > limit) {
    throw new Problem('BAD_DIGITS', `${quote(text)} is more digits than this computes: ${wanted}`)
  }
  return Number(text)
}

function toProblem(error: unknown): Problem {
  if (error instanceof Problem) return error
  const { message, statusCode = 500 } = error as Error & { statusCode?: number }
  return new Problem(statusCode < 500 ? 'BAD_REQUEST' : 'FAILED', message)
}
