import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { createRequire } from 'node:module'
import { describe, it, type TestContext } from 'node:test'
import { type Ended, start } from '../support/command.ts'
import { pi100, up } from '../support/up.ts'

const autocannonPath = createRequire(import.meta.url).resolve('autocannon')

/** Whether a program can be started; the machine that checks every change has all of them. */
function has(program: string): boolean {
  return spawnSync(program, ['--version']).error === undefined
}

const needs = (program: string) => ({ skip: has(program) ? false : `${program} is not installed` })

async function ran(t: TestContext, program: string, ...args: string[]): Promise<Ended> {
  const ended = await start(t, program, args).ended
  assert.equal(ended.code, 0, `${program}: ${ended.stderr}`)
  return ended
}

/** What must be in the output, as a number. */
function number(text: string, pattern: RegExp): number {
  const found = pattern.exec(text)?.[1]
  assert.ok(found !== undefined, `no ${pattern} in ${text}`)
  return Number(found)
}

describe('HTTP clients through piloti up', { timeout: 60_000 }, () => {
  it('serves curl, verbose, with HTTP/1.0, HEAD, many in a row', needs('curl'), async (t) => {
    const { told } = await up(t, '-n', '2')
    const url = `http://${told.address}/100`
    const verbose = await ran(t, 'curl', '-sv', '--max-time', '10', url)
    assert.equal(verbose.stdout, `${pi100}\n`)
    assert.match(verbose.stderr, /< HTTP\/1\.1 200 OK/)
    const old = await ran(t, 'curl', '-sv', '--http1.0', '--max-time', '10', url)
    assert.equal(old.stdout, `${pi100}\n`)
    const head = await ran(t, 'curl', '-sI', '--max-time', '10', url)
    assert.match(head.stdout, /^HTTP\/1\.1 200 OK[\s\S]*content-length: 103/i)
    const row = await ran(t, 'curl', '-sv', '--max-time', '10', `${url}?[1-10]`)
    assert.equal(row.stdout, `${pi100}\n`.repeat(10))
    assert.equal(row.stderr.match(/Re-using existing|Reusing existing/g)?.length, 9)
  })

  it('serves wrk', needs('wrk'), async (t) => {
    const { told } = await up(t)
    const { stdout } = await ran(
      t,
      'wrk',
      '-c',
      '64',
      '-t',
      '1',
      '-d',
      '2',
      `http://${told.address}/10`,
    )
    assert.ok(number(stdout, /(\d+) requests in/) > 100)
    assert.doesNotMatch(stdout, /Socket errors|Non-2xx/)
  })

  it('serves ab -k', needs('ab'), async (t) => {
    const { told } = await up(t)
    const { stdout } = await ran(
      t,
      'ab',
      '-k',
      '-q',
      '-c',
      '32',
      '-n',
      '2000',
      `http://${told.address}/10`,
    )
    assert.equal(number(stdout, /Complete requests:\s+(\d+)/), 2_000)
    assert.equal(number(stdout, /Failed requests:\s+(\d+)/), 0)
    assert.doesNotMatch(stdout, /Non-2xx/)
  })

  it('serves hey', {
    skip: existsSync('/usr/bin/hey') ? false : 'hey is not installed',
  }, async (t) => {
    const { told } = await up(t)
    const { stdout } = await ran(t, 'hey', '-c', '50', '-n', '2000', `http://${told.address}/10`)
    assert.match(stdout, /\[200\]\s+2000 responses/)
    assert.doesNotMatch(stdout, /Error distribution/)
  })

  it('serves autocannon', async (t) => {
    const { told } = await up(t)
    const args = [autocannonPath, '-j', '-c', '64', '-d', '1', `http://${told.address}/10`]
    const result = JSON.parse((await ran(t, process.execPath, ...args)).stdout)
    assert.deepEqual([result.errors, result.timeouts, result.non2xx], [0, 0, 0])
    assert.ok(result['2xx'] > 100)
  })

  it('spreads the requests of one connection as the strategy says', async (t) => {
    const { told } = await up(t, '--strategy', 'round-robin')
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    t.after(() => agent.destroy())
    const counts: Record<string, number> = {}
    const ports = new Set<number>()
    for (let nth = 0; nth < 40; nth++) {
      await new Promise<void>((resolve, reject) => {
        const url = `http://${told.address}/10`
        const asked = request(url, { agent }, (response) => {
          const name = String(response.headers['x-backend'])
          counts[name] = (counts[name] ?? 0) + 1
          ports.add(response.socket.localPort!)
          response.resume().on('end', resolve)
        })
        asked.on('error', reject).end()
      })
    }
    assert.equal(ports.size, 1)
    assert.deepEqual(Object.values(counts), [10, 10, 10, 10])
  })
})
