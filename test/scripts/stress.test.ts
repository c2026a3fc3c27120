import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, it, type TestContext } from 'node:test'
import { deadPort } from '../support/backends.ts'
import { type Command, start } from '../support/command.ts'
import { up } from '../support/up.ts'

describe('stress.sh', { concurrency: 3 }, () => {
  it('ends with 0 when every answer is right, and shows an even spread', async (t) => {
    const { told } = await up(t)
    const { code, stdout, stderr } = await stress(t, '--url', `http://${told.address}`).ended
    assert.match(stdout, /^100 requests by 5 clients to .*, 100 to 199 digits\n/)
    assert.match(stdout, /requests\/s/)
    assert.match(stdout, /latency in ms: median/)
    assert.match(stdout, /\nall 100 answers are right\n(?:\nwho gets the work, live: \S+\n)?$/)
    for (const { address } of told.backends) {
      assert.match(stdout, new RegExp(`\n  ${address} +2[456] +2[456]\\.0 % #+\n`))
    }
    assert.deepEqual({ code, stderr }, { code: 0, stderr: '' })
  })

  it('draws bars of blocks where the locale allows', async (t) => {
    const { told } = await up(t, '-n', '1')
    const env = { LC_ALL: 'C.UTF-8' }
    const { stdout } = await stress(t, '10', '2', '5', '--url', `http://${told.address}`, { env })
      .ended
    assert.match(stdout, /10 100\.0 % █{32}\n/)
  })

  it('ends with 1 and explains what was wrong', async (t) => {
    const wrong: Record<string, string> = { '/3': '3.141', '/4': '3.1416', '/5': '3.1' }
    const url = await server(t, (request, response) => {
      const { url = '' } = request
      response.setHeader('x-backend', 'liar')
      if (url === '/6') response.writeHead(503)
      if (url === '/7') request.socket.destroy()
      else response.end(wrong[url] ?? 'busy')
    })
    const text = await stress(t, '5', '1', '3', '--url', url).ended
    assert.match(text.stdout, /\n4 of 5 failed:\n/)
    assert.match(text.stdout, /GET \/4 by liar: wrong digits, the first wrong one is number 4\n/)
    assert.match(text.stdout, /GET \/5 by liar: wrong digits, 3 characters instead of 7: '3\.1'\n/)
    assert.match(text.stdout, /GET \/6 by liar: status 503, "busy"\n/)
    assert.match(text.stdout, /GET \/7: connection closed before the answer was complete\n/)
    assert.equal(text.code, 1)

    const json = await stress(t, '5', '1', '3', '--json', '--url', url).ended
    const { ok, failed, errors, backends } = JSON.parse(json.stdout)
    assert.deepEqual({ ok, failed, backends }, { ok: 1, failed: 4, backends: { liar: 4 } })
    assert.deepEqual(errors, {
      'connection closed before the answer was complete': 1,
      'status 503': 1,
      'wrong digits': 2,
    })
    assert.equal(json.code, 1)
  })

  it('sends each request once, on a connection of its own', async (t) => {
    const asked: string[] = []
    let connections = 0
    const url = await server(
      t,
      (request) => {
        asked.push(request.url ?? '')
        request.socket.destroy()
      },
      () => connections++,
    )
    const { code } = await stress(t, '4', '2', '10', '--url', url).ended
    assert.deepEqual(asked.sort(), ['/10', '/11', '/12', '/13'])
    assert.ok(connections >= 4)
    assert.equal(code, 1)
  })

  it('ends with 5 when the proxy cannot be reached, and says how to start it', async (t) => {
    const url = `http://127.0.0.1:${await deadPort()}`
    const { code, stdout, stderr } = await stress(t, '--url', url).ended
    assert.match(stderr, new RegExp(`^stress: cannot reach the proxy at ${url}: ECONNREFUSED\n`))
    assert.match(stderr, /setup\.sh/)
    assert.deepEqual({ code, stdout }, { code: 5, stdout: '' })
  })

  const refused: readonly (readonly [args: string, says: RegExp])[] = [
    ['many', /REQUESTS: 'many' is not a whole number from 1 to 100000/],
    ['0', /REQUESTS: '0'/],
    ['1 0', /CLIENTS: '0' is not a whole number from 1 to 1000/],
    ['1 1 1.5', /DIGITS: '1\.5'/],
    ['2 1 1000000', /the last request would be for 1000001 digits/],
    ['1 2 3 4', /too many arguments: '4'/],
    ['--nonsense', /'--nonsense'/],
    ['--url ftp://x', /--url: 'ftp:\/\/x' is not a URL: write http:\/\/HOST:PORT/],
  ]
  for (const [args, says] of refused) {
    it(`refuses: stress.sh ${args}`, async (t) => {
      const { code, stdout, stderr } = await stress(t, ...args.split(' ')).ended
      assert.match(stderr, says)
      assert.match(stderr, /\nUsage: scripts\/stress\.sh/)
      assert.deepEqual({ code, stdout }, { code: 2, stdout: '' })
    })
  }

  it('explains itself', async (t) => {
    const { code, stdout } = await stress(t, '--help').ended
    assert.match(
      stdout,
      /^Usage: scripts\/stress\.sh \[REQUESTS=100\] \[CLIENTS=5\] \[DIGITS=100\]/,
    )
    assert.equal(code, 0)
  })
})

function stress(t: TestContext, ...args: (string | { env: NodeJS.ProcessEnv })[]): Command {
  const words = args.filter((arg) => typeof arg === 'string')
  const [{ env } = { env: { LC_ALL: 'C' } }] = args.filter((arg) => typeof arg === 'object')
  return start(t, 'scripts/stress.sh', words, { env })
}

async function server(
  t: TestContext,
  answer: RequestListener,
  onConnection = (): void => {},
): Promise<string> {
  const http = createServer(answer).on('connection', onConnection).listen(0, '127.0.0.1')
  await once(http, 'listening')
  t.after(() => http.closeAllConnections())
  t.after(() => http.close())
  return `http://127.0.0.1:${(http.address() as AddressInfo).port}`
}
