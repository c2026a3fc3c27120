import type { Case } from '../observe.ts'
import { chunked, chunks, date, request, response, size } from './bytes.ts'

/** What goes wrong. */
export const broken: readonly Case[] = [
  {
    name: 'no backend',
    send: [request('GET /')],
    hasNoBackend: true,
    differs: ['answer: of piloti'],
  },
  {
    name: 'a backend that says nothing',
    send: [request('GET /')],
    answers: [''],
    backendThen: 'ends',
    differs: ['answer: of piloti'],
  },
  {
    name: 'a backend that does not speak HTTP',
    send: [request('GET /')],
    answers: ['hello\r\n\r\n'],
    differs: ['answer: of piloti'],
  },
  {
    name: 'half an answer with a length',
    send: [request('GET /')],
    answers: [response('200 OK', [date, 'Content-Length: 10'], 'half')],
    backendThen: 'ends',
    hangs: true,
    differs: ['answer: broken off'],
  },
  {
    name: 'half an answer in chunks',
    send: [request('GET /')],
    answers: [response('200 OK', [date, chunked], '4\r\nhalf\r\n')],
    backendThen: 'resets',
    differs: ['answer: broken off'],
  },
  {
    name: 'an answer with two lengths',
    send: [request('GET /')],
    answers: [response('200 OK', [date, 'Content-Length: 2', 'Content-Length: 3'], 'ok')],
    differs: ['answer: of piloti'],
  },
  {
    name: 'an answer with a length and chunks',
    send: [request('GET /')],
    answers: [response('200 OK', [date, 'Content-Length: 9', chunked], chunks('ok'))],
    differs: ['answer: of piloti'],
  },
  {
    name: 'an answer before the end of an upload',
    send: [request('POST /', ['Content-Length: 1000'], 'some')],
    answers: [response('413 Content Too Large', [date, size('no')], 'no')],
    answersEarly: true,
    differs: ['answer: before the end of its request'],
  },
  {
    name: 'a client that leaves before the answer',
    send: [request('GET /')],
    clientLeaves: 'unanswered',
    hangs: true,
    differs: ['client: gone'],
  },
  {
    name: 'a client that leaves within its upload',
    send: [request('POST /', ['Content-Length: 1000'], 'some')],
    clientLeaves: 'unanswered',
  },
  {
    name: 'a client that leaves within the answer',
    send: [request('GET /')],
    answers: [response('200 OK', [date, 'Content-Length: 10'], 'half')],
    clientLeaves: 'half-answered',
    hangs: true,
    differs: ['client: gone'],
  },
]
