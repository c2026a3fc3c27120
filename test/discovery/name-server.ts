import { spawnSync } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { type Command, start } from '../support/command.ts'

/** A name server for `example`, on a free port of 127.0.0.1. */
export interface NameServer {
  /** `IP:PORT`, as the option `server` wants it. */
  readonly address: string
  /** Serves these records, lines of a zone file, from now on. */
  serve(records: readonly string[]): void
  /** Ends it at once. */
  kill(): Promise<void>
  /** Starts it again after `kill`. */
  revive(): Promise<void>
}

const servers = { knotd: '/usr/sbin/knotd', dnsmasq: '/usr/sbin/dnsmasq' }

/** For tests that need a server that may be absent. */
export function needs(name: keyof typeof servers): { skip: string | false } {
  const isThere = spawnSync(servers[name], ['--version']).error === undefined
  return { skip: isThere ? false : `${name} is not installed` }
}

/** Starts knotd; all records have this time to live, in seconds. */
export async function knot(
  t: TestContext,
  records: readonly string[],
  ttlS = 0,
): Promise<NameServer> {
  const folder = temporary(t)
  const port = await freePort()
  let serial = 0
  const write = (records: readonly string[]): void => {
    const head = [
      '$ORIGIN example.',
      `$TTL ${ttlS}`,
      `@ SOA ns mail ${++serial} 9 9 9 1`,
      '@ NS ns',
    ]
    writeFileSync(join(folder, 'zone'), `${[...head, 'ns A 127.0.0.1', ...records].join('\n')}\n`)
  }
  write(records)
  const configuration = join(folder, 'conf')
  writeFileSync(
    configuration,
    `server:
    rundir: "${folder}"
    listen: "127.0.0.1@${port}"
control:
    listen: "${folder}/control"
database:
    storage: "${folder}"
log:
  - target: stdout
    any: info
zone:
  - domain: example
    file: "${folder}/zone"
    zonefile-sync: -1
    journal-content: none
`,
  )
  const run = async (): Promise<Command> => {
    const command = start(t, servers.knotd, ['-c', configuration])
    await command.line(/server started/)
    return command
  }
  let command = await run()
  return {
    address: `127.0.0.1:${port}`,
    serve(records) {
      write(records)
      const args = ['-c', configuration, '-b', 'zone-reload', 'example.']
      const { status, stderr } = spawnSync('/usr/sbin/knotc', args, { encoding: 'utf8' })
      if (status !== 0) throw new Error(`knotc: ${stderr}`)
    },
    async kill() {
      command.kill('SIGKILL')
      await command.ended
    },
    async revive() {
      command = await run()
    },
  }
}

export interface HostsServer {
  readonly address: string
  /** Serves other hosts from now on. */
  serve(hosts: string): Promise<void>
}

/** Starts dnsmasq with further options; `hosts` are lines of a hosts file, with a time to live of 0. */
export async function dnsmasq(
  t: TestContext,
  hosts: string,
  ...options: readonly string[]
): Promise<HostsServer> {
  const folder = temporary(t)
  const port = await freePort()
  const file = join(folder, 'hosts')
  writeFileSync(file, hosts)
  const own = ['--keep-in-foreground', '--log-facility=-', '--conf-file=/dev/null', '--no-resolv']
  const where = [`--port=${port}`, '--listen-address=127.0.0.1', '--bind-interfaces', '--no-hosts']
  const files = [`--addn-hosts=${file}`, '--local-ttl=0', `--user=${userInfo().username}`]
  const pid = `--pid-file=${folder}/pid`
  const command = start(t, servers.dnsmasq, [...own, ...where, ...files, pid, ...options])
  await command.line(/hosts - \d+ (?:addresses|names)/)
  return {
    address: `127.0.0.1:${port}`,
    async serve(hosts: string): Promise<void> {
      writeFileSync(file, hosts)
      command.kill('SIGHUP')
      await command.line(/hosts - \d+ (?:addresses|names)/)
    },
  }
}

function temporary(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'piloti-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Free for UDP and for TCP, and below those that systems give to whoever asks for any. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = 10_000 + Math.floor(Math.random() * 20_000)
    const server = createServer()
    const socket = createSocket('udp4')
    try {
      await once(server.listen(port, '127.0.0.1'), 'listening')
      await once(socket.bind(port, '127.0.0.1'), 'listening')
      return port
    } catch {
      // Taken: another one.
    } finally {
      socket.close()
      if (server.listening) await once(server.close(), 'close')
    }
  }
}
