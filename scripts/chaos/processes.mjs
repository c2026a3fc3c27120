// @ts-check
// The processes of a run: π backends, piloti in front of them, and the orders given to it.
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const cli = fileURLToPath(new URL('../../dist/src/cli.js', import.meta.url))
/** Below the ports that the system gives to clients: a backend must get its own again. */
const [firstPort, lastPort] = [20_000, 32_000]
const startsMax = 5

/** Every process that this one has started and that has not ended. */
const running = new Set(/** @type {import('node:child_process').ChildProcess[]} */ ([]))
let isEnding = false

/**
 * Starts a server, and waits until it listens. It ends with this process, however that ends.
 *
 * @param {readonly string[]} args @param {(line: string) => void} hear gets each line of its log.
 */
export async function startServer(args, hear) {
  if (isEnding) throw new Error('the run is over')
  const child = spawn(process.execPath, [cli, ...args, '--json', '--log-format', 'json'], {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  })
  const { stdout, stderr } = child
  if (stdout === null || stderr === null) throw new Error('its output cannot be read')
  running.add(child)
  child.on('exit', () => running.delete(child))
  /** @type {string[]} */
  const said = []
  createInterface({ input: stderr }).on('line', (line) => {
    said.push(line)
    hear(line)
  })
  const lines = createInterface({ input: stdout })
  const ended = once(child, 'close').then(() => ['ended'])
  const [first] = await Promise.race([once(lines, 'line'), ended])
  if (first === 'ended') throw new Error(`piloti ${args.join(' ')}: ${said.join('\n')}`)
  return { child, address: String(JSON.parse(first).address) }
}

/**
 * A π backend; one that comes again may have to wait for its port.
 *
 * @param {number} port @param {(line: string) => void} hear
 */
export async function startBackend(port, hear) {
  const args = ['backend', '--listen', `127.0.0.1:${port}`, '--threads', '1', '--log-level', 'warn']
  for (let tries = 1; ; tries++) {
    try {
      return (await startServer(args, hear)).child
    } catch (error) {
      if (tries === startsMax || isEnding) throw error
    }
  }
}

/**
 * Runs a command to its end.
 *
 * @param {readonly string[]} args @returns {Promise<{ code: number, stdout: string, stderr: string }>}
 */
export function order(args) {
  return new Promise((resolve, reject) => {
    if (isEnding) return reject(new Error('the run is over'))
    const child = execFile(process.execPath, [cli, ...args], (_error, stdout, stderr) => {
      running.delete(child)
      resolve({ code: child.exitCode ?? -1, stdout, stderr })
    })
    running.add(child)
  })
}

/** Ends everything that is left, the stopped too. Nothing more is started. */
export async function endAll() {
  isEnding = true
  const ends = [...running].map((child) => once(child, 'exit'))
  for (const child of running) child.kill('SIGKILL')
  await Promise.all(ends)
}

/** Ports that nobody listens on. @param {number} count */
export async function freePorts(count) {
  /** @type {Set<number>} */
  const ports = new Set()
  while (ports.size < count) {
    const port = firstPort + Math.floor(Math.random() * (lastPort - firstPort))
    const server = createServer().listen(port, '127.0.0.1')
    const isFree = await Promise.race([
      once(server, 'listening').then(() => true),
      once(server, 'error').then(() => false),
    ]).catch(() => false)
    if (isFree) ports.add(port)
    server.close()
  }
  return [...ports]
}
