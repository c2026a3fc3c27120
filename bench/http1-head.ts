/**
 * What the codecs cost: reading and writing the head of a browser's request and of its answer, beside
 * a loop that only looks at each byte of the request.
 */

import { RequestHead } from '../src/codecs/http1-request.ts'
import { ResponseHead } from '../src/codecs/http1-response.ts'
import {
  type RequestWriteOptions,
  type ResponseWriteOptions,
  writeRequestHead,
  writeResponseHead,
} from '../src/codecs/http1-write.ts'
import { answer, browserRequest } from './harness/messages.ts'
import { ratio, spread } from './harness/numbers.ts'
import { interleave } from './harness/rounds.ts'
import { fullSize, type Size, scaled } from './harness/size.ts'
import { table } from './harness/table.ts'

const HEADS_A_ROUND = 300_000
const LOOP = 'look at each byte'

const request = Buffer.from(browserRequest('keep-alive'))
const response = Buffer.from(answer(100))
const out = Buffer.alloc(4_096)
const requestHead = new RequestHead()
const responseHead = new ResponseHead()
const requestOptions: RequestWriteOptions = {
  block: Buffer.from(
    'Via: 1.1 piloti\r\nX-Forwarded-For: 192.0.2.1\r\nX-Forwarded-Proto: http\r\n',
  ),
  trusted: false,
  forwardedFor: null,
  forwardedHost: true,
  host: null,
  contentLength: -1,
  teTrailers: false,
  stripBytes: 0,
}
const responseOptions: ResponseWriteOptions = {
  block: null,
  date: Buffer.from('Date: Thu, 01 Jan 2026 00:00:00 GMT\r\n'),
  chunked: false,
  connection: 'none',
}

const works: Readonly<Record<string, () => number>> = {
  [LOOP]: () => {
    let sum = 0
    for (let i = 0; i < request.length; i++) sum += request[i]!
    return sum
  },
  'read a request': () => {
    requestHead.reset()
    return requestHead.parse(request, 0, request.length)
  },
  'write a request': () => writeRequestHead(out, 0, requestHead, request, requestOptions),
  'read a response': () => {
    responseHead.reset('other')
    return responseHead.parse(response, 0, response.length)
  },
  'write a response': () => writeResponseHead(out, 0, responseHead, response, responseOptions),
}

export async function run(size: Size = fullSize): Promise<string> {
  const runners = Object.entries(works).map(([name, work]) => ({
    name,
    round: async () => nanoseconds(work, scaled(HEADS_A_ROUND, size)),
  }))
  const samples = await interleave(runners, size.rounds)
  const rows = [...samples].map(([name, values]) => [
    name,
    spread(values),
    ratio(values, samples.get(LOOP)!),
  ])
  const about = `Node ${process.version}, a request of ${request.length} bytes, interleaved.`
  return `${about}\n\n${table(['', 'ns', '× the loop'], rows)}`
}

function nanoseconds(work: () => number, count: number): number {
  let sum = 0
  const start = process.hrtime.bigint()
  for (let done = 0; done < count; done++) sum += work()
  const elapsed = Number(process.hrtime.bigint() - start)
  if (!(sum > 0)) throw new Error('nothing was done')
  return elapsed / count
}
