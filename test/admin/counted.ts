/** A balancer with an admin API whose clients count what they get. */
import { once } from 'node:events'
import { connect } from 'node:net'
import type { TestContext } from 'node:test'
import type { AdminOptions } from '../../src/admin.ts'
import type { BalancerSpec } from '../../src/balancer.ts'
import { listenerTo, poolOf } from '../balancer/balanced.ts'
import { ask } from '../balancer/live.ts'
import { type Scraped, scraped } from '../metrics/scraped.ts'
import { nodeBackend } from '../proxy/http-talk.ts'
import { deadPort } from '../support/backends.ts'
import { type Steered, steered } from './steered.ts'

export interface Counted extends Steered {
  readonly ports: readonly number[]
  /** What clients got, by class of status. */
  readonly got: Record<string, number>
  scrape(): Promise<Scraped>
  /** Sends requests that are answered in every way, and waits for the answers. */
  load(rounds: number): Promise<void>
}

/** Answers `/x/404` with 404; `/x/101` switches protocols. */
async function answering(t: TestContext): Promise<number> {
  const port = await nodeBackend(t, ({ url }, response) => {
    const status = Number(url!.split('/').at(-1))
    response.writeHead(status, status === 101 ? { connection: 'upgrade', upgrade: 'echo' } : {})
    response.end()
  })
  return port
}

/** Pool main answers, pool dead does not; whatever is neither below /main nor below /dead has no route. */
export function mainAndDead(ports: readonly number[], dead: number): BalancerSpec {
  const routes = ['main', 'dead'].map((pool) => ({ path: `/${pool}`, to: [{ pool, weight: 1 }] }))
  // Its failures are counted, and no more comes of them.
  const pools = [poolOf(ports, { ejection: false }), poolOf([dead], { name: 'dead' })]
  return { pools, listeners: [listenerTo('main', { routes })] }
}

const paths = ['/main/200', '/main/204', '/main/304', '/main/404', '/main/500', '/main/503']
/** Piloti answers these itself: 502 or 503, and 404. */
const ownPaths = ['/dead/200', '/nowhere/200']

export async function counted(
  t: TestContext,
  options: Partial<AdminOptions> = {},
): Promise<Counted> {
  const ports = [await answering(t), await answering(t)]
  const running = await steered(t, mainAndDead(ports, await deadPort()), options)
  const got: Record<string, number> = {}
  const count = (status: number): void => {
    const name = `${Math.floor(status / 100)}xx`
    got[name] = (got[name] ?? 0) + 1
  }
  const where = running.addressOf()
  const load = async (rounds: number): Promise<void> => {
    for (let i = 0; i < rounds; i++) {
      const asked = [...paths, ...ownPaths].map((path) => ask(where, path))
      for (const { status } of await Promise.all(asked)) count(status)
      count(await broken(where as { host: string; port: number }))
      count(await switched(where as { host: string; port: number }))
    }
  }
  const scrape = async (): Promise<Scraped> => scraped(await textOf(running))
  return { ...running, ports, got, load, scrape }
}

/** The page as it is. */
export async function textOf({ ask }: Pick<Steered, 'ask'>): Promise<string> {
  return String((await ask('/metrics')).body.text)
}

interface Place {
  readonly host: string
  readonly port: number
}

/** The status that a request gets which is none. */
const broken = (where: Place): Promise<number> =>
  said(where, 'GET /main/200 HTTP/1.1\r\nA B\r\n\r\n')

/** The status of a switch to another protocol. */
function switched(where: Place): Promise<number> {
  const fields = 'Host: h\r\nConnection: upgrade\r\nUpgrade: echo'
  return said(where, `GET /main/101 HTTP/1.1\r\n${fields}\r\n\r\n`)
}

async function said({ host, port }: Place, request: string): Promise<number> {
  const socket = connect(port, host).on('error', () => {})
  socket.write(request)
  const [bytes] = (await once(socket, 'data')) as [Buffer]
  socket.destroy()
  return Number(bytes.toString('latin1', 9, 12))
}
