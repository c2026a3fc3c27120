import type { FastifyReply, FastifyRequest } from 'fastify'
import { type Answer, problemAnswer } from './answers.ts'
import { contentSecurityPolicy, renderPage } from './html.ts'
import { type Form, forms, mediaTypes, preferredForm } from './negotiate.ts'
import { Problem, quote } from './problem.ts'
import type { Service } from './service.ts'

/**
 * The form for the answer: `?format=` before the Accept field, because a link cannot set a field.
 * @throws Problem BAD_FORMAT
 */
export function formOf(request: FastifyRequest): Form {
  const { format } = request.query as Record<string, unknown>
  if (format === undefined) return preferredForm(request.headers.accept)
  const form = forms.find((form) => form === format)
  if (form !== undefined) return form
  throw new Problem(
    'BAD_FORMAT',
    `unknown format ${quote(String(format))}: one of ${forms.join(', ')}`,
  )
}

export function send(
  { origin }: Service,
  reply: FastifyReply,
  { answer, form }: { readonly answer: Answer; readonly form: Form },
): FastifyReply {
  reply
    .header('content-type', `${mediaTypes[form]}; charset=utf-8`)
    .header('vary', 'Accept')
    .header('cache-control', 'no-store') // Each request is work to balance.
    .header('x-backend', origin.name)
    .header('x-content-type-options', 'nosniff')
  if (form === 'text') return reply.send(answer.text())
  if (form === 'json') return reply.send(`${JSON.stringify(answer.json())}\n`)
  reply.header('content-security-policy', contentSecurityPolicy)
  return reply.send(renderPage(answer.html()))
}

export function sendProblem(
  service: Service,
  request: FastifyRequest,
  reply: FastifyReply,
  problem: Problem,
): FastifyReply {
  const answer = problemAnswer(problem, service.origin, service.digitsLimit)
  reply.code(problem.status).headers(problem.headers)
  return send(service, reply, { answer, form: preferredForm(request.headers.accept) })
}
