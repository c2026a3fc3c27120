import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { describe, it } from 'node:test'
import { strategies } from '../../src/strategies/index.ts'
import { cli, ran } from '../support/command.ts'

describe('usage', { concurrency: 4 }, () => {
  const refused: readonly (readonly [args: string, says: RegExp])[] = [
    ['nonsense', /^piloti: unknown command 'nonsense'\nsee piloti --help\n$/],
    ['strategies --help', /^piloti: unknown command 'strategies'/],
    [
      'proxy :1 --affinity cookie --affinity-secret short',
      /^piloti: --affinity-secret: a secret has 16/,
    ],
    ['proxy :1 --health-timeout 3s', /^piloti: --health-timeout is longer than --health-interval/],
    ['proxy :1 --rise 101', /^piloti: --rise: '101' is not a whole number from 1 to 100/],
    ['proxy :1 --fall 101', /^piloti: --fall: '101' is not a whole number from 1 to 100/],
    ['proxy :1 --affinity cookie:b;c', /^piloti: --affinity: 'b;c' is no name of a cookie/],
    ['prox', /Did you mean proxy\?/],
    ['proxy', /^piloti: a BACKEND is missing\n\nUsage: piloti proxy \[options\] BACKEND\.\.\.\n/],
    ['proxy abc', /^piloti: BACKEND: 'abc' is not an address: write HOST:PORT, :PORT, /],
    ['proxy :99999', /':99999' has port 99999: a port is 0 to 65535/],
    ['proxy :0', /':0' has port 0/],
    ['proxy :1;weight=0', /write ;weight=N, N from 0.000001/],
    ['proxy :1 :2 :1', /^piloti: backend 127\.0\.0\.1:1 is named twice\n$/],
    ['proxy :1 --listen x', /^piloti: --listen: 'x' is not an address/],
    ['proxy :1 --mode carrier-pigeon', /^piloti: --mode: unknown 'carrier-pigeon': one of /],
    ['proxy :1 --idle-timeout 5', /^piloti: --idle-timeout: '5' is no length of time: write 20ms/],
    ['proxy :1 --connect-timeout 0ms', /'0ms' is out of range: from 1ms to 24h/],
    ['proxy :1 --grace 1000h', /'1000h' is out of range/],
    ['proxy :1 --config f', /^piloti: BACKENDs and --config f are too much: name them in the file/],
    ['proxy -c f -s random', /^piloti: --strategy and --config f are too much: say it in the file/],
    ['proxy :1 -m tcp --trust 10.0.0.1', /^piloti: --trust is for mode http, and this is mode tcp/],
    [
      'proxy :1 --idle-timeout 5s',
      /^piloti: --idle-timeout is for mode tcp or lines, and this is mode http/,
    ],
    [
      'proxy :1 --mode lines --message-limit 0',
      /^piloti: --message-limit: '0' is out of range: from 1 to 16777216 bytes/,
    ],
    [
      'proxy :1 --mode lines --wire original --health lines',
      /^piloti: --health lines is not for --wire original: such servers know no methods/,
    ],
    ['proxy :1 --resend', /^piloti: --resend is for mode lines, and this is mode http/],
    [
      'proxy :1 -m lines --forwarded',
      /^piloti: --forwarded is for mode http, and this is mode lines/,
    ],
    [
      'proxy :1 -m lines --outstanding-max 0',
      /^piloti: .*'0' is not a whole number from 1 to 10000/,
    ],
    ['proxy :1 -m tcp --affinity cookie', /^piloti: --affinity cookie is for mode http: mode tcp/],
    [
      'proxy :1 --affinity-secret 0123456789abcdef',
      /^piloti: --affinity-secret is for --affinity cookie/,
    ],
    ['proxy :1 --affinity cooky', /^piloti: --affinity: unknown affinity 'cooky': one of client/],
    ['proxy :1 --health htp:/', /^piloti: --health: unknown health check 'htp:\/': one of tcp/],
    [
      'proxy :1 --strategy ./no.ts',
      /^piloti: cannot use strategy file '.*': there is no such file/,
    ],
    ['proxy dns:name', /^piloti: BACKEND: 'dns:name' names no port: write dns:NAME:PORT/],
    ['drain', /^piloti: missing required argument 'BACKEND'/],
    ['weight :1 0', /^piloti: WEIGHT: '0' is no weight: a number from 0.000001 to 1000000 wanted/],
    ['reload now', /too many arguments/],
    ['status --admin off', /^piloti: --admin: 'off' is not an address/],
    ['proxy :1 --retries -1', /--retries: '-1' is not a whole number from 0 to 100/],
    ['proxy :1 --log-level inf', /one of debug, info, warn, error \(did you mean info\?\)/],
    ['up extra', /too many arguments/],
    ['up --strateg x', /unknown option '--strateg'\n\(Did you mean --strategy\?\)/],
    ['up --backends 0', /^piloti: --backends: '0' is not a whole number from 1 to 256\n/],
    ['up -n', /argument missing/],
    [
      'up --first-port 65533',
      /^piloti: --first-port: the last of 4 backends would have port 65536\n/,
    ],
    ['up --compute -m http', /^piloti: --compute is for mode lines, and this is mode http\n/],
    ['up --compute -n 2', /^piloti: --backends is for π backends: with --compute it is --workers/],
    ['up --workers 2', /^piloti: --workers is for --compute: without it, it is --backends\n/],
    ['up --compute --trust 10.0.0.1', /^piloti: --trust is for mode http, and this is mode lines/],
    ['compute client --at-once 0', /^piloti: --at-once: '0' is not a whole number from 1 to 512/],
    ['compute client x:y', /^piloti: 'x:y' is not an address: write HOST:PORT/],
    ['backend --fail 2', /'2' is no share: write 1% or 0\.01/],
    ['backend --name ü', /printable ASCII wanted/],
  ]
  for (const [args, says] of refused)
    it(`refuses: piloti ${args}`, async (t) => {
      const { code, stdout, stderr } = await ran(t, args.split(' '))
      assert.match(stderr, says)
      assert.doesNotMatch(stderr, /\n {4}at /)
      assert.deepEqual({ code, stdout }, { code: 2, stdout: '' })
    })

  it('lists the strategies and suggests one', async (t) => {
    const names = Object.keys(strategies).join(', ')
    const far = await ran(t, ['up', '--strategy', 'nonsense'])
    assert.equal(
      far.stderr,
      `piloti: --strategy: unknown strategy 'nonsense': one of ${names}\nsee piloti up --help\n`,
    )
    const near = await ran(t, ['up', '--strategy', 'rund-robin'])
    assert.match(near.stderr, /did you mean round-robin\?/)
    assert.deepEqual([far.code, near.code], [2, 2])
  })

  it('names the variable that has a wrong value', async (t) => {
    const { code, stderr } = await ran(t, ['up'], { PILOTI_STRATEGY: 'nonsense' })
    assert.match(stderr, /^piloti: PILOTI_STRATEGY: unknown strategy 'nonsense'/)
    assert.equal(code, 2)
  })
})

describe('help', { concurrency: 4 }, () => {
  const servers = ['up', 'proxy', 'backend']
  const orders = ['status', 'drain', 'ready', 'weight', 'add', 'remove', 'strategy', 'reload']
  const others = ['check', 'compute', 'compute client', 'simulate']
  for (const command of ['', ...servers, ...others, ...orders]) {
    it(`of piloti ${command} tells all in 80 columns`, async (t) => {
      const words = command === '' ? [] : command.split(' ')
      const { code, stdout, stderr } = await ran(t, [...words, '--help'])
      assert.deepEqual({ code, stderr }, { code: 0, stderr: '' })
      const [purpose, ...lines] = stdout.split('\n')
      assert.match(purpose!, /^[A-Z].*[.,\w]$/)
      assert.deepEqual(
        lines.filter((line) => [...line].length > 80),
        [],
      )
      const heading = lines.indexOf('Examples:')
      const examples = orders.includes(command) ? [1] : [1, 2, 3]
      for (const nth of examples) assert.match(lines[heading + nth]!, /^ {2}(watch )?piloti/)
      assert.match(stdout, /\nUsage: piloti/)
      assert.match(stdout, /\nExit codes: 0 done/)
      if (servers.includes(command)) {
        assert.match(stdout, /--listen <ADDR>.*\n.*\(default 127\.0\.0\.1:\d+\)/)
      }
    })
  }

  it('is on stderr when a command is missing', async (t) => {
    const { code, stdout, stderr } = await ran(t, [])
    assert.match(stderr, /Usage: piloti COMMAND/)
    assert.deepEqual({ code, stdout }, { code: 2, stdout: '' })
  })

  it('tells the version', async (t) => {
    const { code, stdout } = await ran(t, ['--version'])
    assert.match(stdout, /^\d+\.\d+\.\d+\n$/)
    assert.equal(code, 0)
  })

  it('ends quietly when its reader leaves', async () => {
    const child = spawn(process.execPath, [cli, 'up', '--help'], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    child.stdout.destroy()
    let stderr = ''
    child.stderr.setEncoding('utf8').on('data', (text) => {
      stderr += text
    })
    const [code] = await once(child, 'close')
    assert.deepEqual({ code, stderr }, { code: 0, stderr: '' })
  })
})
