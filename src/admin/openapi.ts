import { z } from 'zod'
import type { Endpoint } from './endpoint.ts'
import { problemView } from './views.ts'

/** What a client program needs to know of the API: OpenAPI 3.1. */
export interface OpenApi {
  readonly openapi: string
  readonly info: { readonly title: string; readonly version: string }
  readonly paths: Readonly<Record<string, Readonly<Record<string, object>>>>
  readonly components: object
  readonly security: readonly object[]
}

/** Describes the endpoints by the schemas that check their orders. */
export function openApiOf(endpoints: readonly Endpoint[], version: string): OpenApi {
  const paths: Record<string, Record<string, object>> = {}
  for (const endpoint of endpoints) {
    paths[endpoint.path] = {
      ...paths[endpoint.path],
      [endpoint.method.toLowerCase()]: operation(endpoint),
    }
  }
  return {
    openapi: '3.1.0',
    info: { title: 'piloti admin API', version },
    paths,
    components: {
      schemas: { Problem: schemaOf(problemView) },
      securitySchemes: { token: { type: 'http', scheme: 'bearer' } },
    },
    // A piloti that was started without a token wants none.
    security: [{}, { token: [] }],
  }
}

const problem = { 'application/json': { schema: { $ref: '#/components/schemas/Problem' } } }

function operation({ about }: Endpoint): object {
  const { summary = 'part of the dashboard', order, answer = '*/*' } = about ?? {}
  const content =
    typeof answer === 'string'
      ? { [answer]: { schema: { type: 'string' } } }
      : { 'application/json': { schema: schemaOf(answer) } }
  return {
    summary,
    ...(order && {
      requestBody: {
        required: true,
        content: { 'application/json': { schema: schemaOf(order, 'input') } },
      },
    }),
    responses: {
      200: { description: 'done', content },
      default: { description: 'not done, and why', content: problem },
    },
  }
}

function schemaOf(schema: z.ZodType, io: 'input' | 'output' = 'output'): object {
  const { $schema: _same, ...rest } = z.toJSONSchema(schema, { io })
  return rest
}
