import type { Case } from '../observe.ts'
import { date, request, response, size } from './bytes.ts'

/** What a proxy tells, and what it must not be told. */
export const forwarding: readonly Case[] = [
  {
    name: 'forwarding fields',
    send: [request('GET /')],
    xfwd: true,
    differs: ['request: X-Forwarded-Port'],
  },
  {
    name: 'forwarding fields of a client',
    send: [
      request('GET /', [
        'X-Forwarded-For: 10.9.9.9',
        'X-Forwarded-Proto: https',
        'X-Forwarded-Host: evil.test',
        'X_Forwarded_For: 10.9.9.9',
        'Forwarded: for=10.9.9.9',
        'Via: 1.1 other',
      ]),
    ],
    xfwd: true,
    differs: ['request: X-Forwarded-Port', 'request: forged fields'],
  },
  {
    name: 'hop-by-hop fields of a client',
    send: [
      request('GET /', [
        'Connection: keep-alive, X-Mine',
        'X-Mine: 1',
        'Keep-Alive: timeout=5',
        'Proxy-Connection: keep-alive',
        'TE: trailers',
        'Proxy-Authorization: Basic eDp5',
      ]),
    ],
  },
  {
    name: 'hop-by-hop fields of a backend',
    send: [request('GET /')],
    answers: [
      response(
        '200 OK',
        [
          date,
          'Connection: keep-alive, X-Mine',
          'X-Mine: 1',
          'Keep-Alive: timeout=9',
          'Proxy-Connection: x',
          'Upgrade: h2c',
          'Via: 1.1 inner',
          size('ok'),
        ],
        'ok',
      ),
    ],
  },
  {
    name: 'a nominated Authorization',
    send: [request('GET /', ['Connection: Authorization', 'Authorization: Basic eDp5'])],
  },
]
