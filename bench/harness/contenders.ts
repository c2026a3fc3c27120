import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Command } from './child.ts'
import { compile } from './compile.ts'
import type { PeerOptions, Ports } from './configs.ts'
import { type HaproxyOptions, haproxy, nginxHttp, nginxStream } from './configs.ts'
import { ask } from './installed.ts'
import type { Node } from './nodes.ts'
import { save } from './scratch.ts'

/** A proxy that can be started between a load and a backend. */
export interface Contender {
  /** As the table calls it. */
  readonly name: string
  /** Undefined when it is not installed here. */
  readonly command: ((ports: Ports) => Command) | undefined
}

/** Of the peers, that is: piloti has `lines` besides. */
type Mode = 'tcp' | 'http'

/** The built command; PILOTI_BENCH_CLI names another build of it. */
export const pilotiCli: string =
  process.env.PILOTI_BENCH_CLI ?? fileURLToPath(new URL('../../dist/src/cli.js', import.meta.url))

/** piloti as a user starts it, with `flags`, which the table names `about`. */
export function pilotiOn(
  node: Node,
  mode: Mode | 'lines',
  { about = '', flags = [] }: { about?: string; flags?: readonly string[] } = {},
): Contender {
  const cli = pilotiCli
  const name = `piloti${about && ` ${about}`}, Node ${node.version}`
  if (!existsSync(cli)) return { name, command: undefined }
  const help = ask(node.file, cli, 'proxy', '--help') ?? ''
  const off = ['--health', '--admin'].filter((flag) => help.includes(flag))
  const command = ({ port, backendPort }: Ports): Command => ({
    file: node.file,
    args: [
      ...[cli, 'proxy', '--mode', mode, '--listen', `127.0.0.1:${port}`, '--log-level', 'warn'],
      ...off.flatMap((flag) => [flag, 'off']),
      // As many as nginx is told to keep.
      ...(mode === 'http' ? ['--idle-connections-max', '1024'] : []),
      ...flags,
      `127.0.0.1:${backendPort}`,
    ],
  })
  return { name, command }
}

/** A Node proxy from npm: its launcher in `bench/contenders/`, plain JavaScript so that nothing loads it. */
export function packageOn(node: Node, name: string): Contender {
  const launcher = fileURLToPath(new URL(`../contenders/${name}.mjs`, import.meta.url))
  const command = ({ port, backendPort }: Ports): Command => ({
    file: node.file,
    args: [launcher, `${port}`, `${backendPort}`],
  })
  return { name: `${name}, Node ${node.version}`, command: resolvable(name) ? command : undefined }
}

export function haproxyPeer(mode: Mode, options: HaproxyOptions = {}): Contender {
  const { bufferBytes, logFile, splice } = options
  const name = `HAProxy${logFile ? ' httplog' : ''}${bufferBytes ? `, ${bufferBytes / 1024} KB` : ''}${splice ? ', splice' : ''}`
  const command = (ports: Ports): Command => {
    const args = ['-db', '-f', save('haproxy.cfg', haproxy(mode, ports, options))]
    if (logFile === undefined) return { file: 'haproxy', args }
    return { file: 'sh', args: ['-c', `exec haproxy "$@" >>${logFile}`, 'sh', ...args] }
  }
  return { name, command: ask('haproxy', '-v') === undefined ? undefined : command }
}

export function nginxPeer(mode: Mode, options: PeerOptions = {}): Contender {
  const about = ask('nginx', '-V')
  const modules = /--modules-path=(\S+)/.exec(about ?? '')?.[1] ?? ''
  const dynamic = existsSync(join(modules, 'ngx_stream_module.so'))
  const usable = mode === 'http' || dynamic || /--with-stream(\s|$)/.test(about ?? '')
  const log = options.logFile ? ' combined' : ''
  const name = `nginx${mode === 'tcp' ? ' stream' : ''}${log}${options.bufferBytes ? `, ${options.bufferBytes / 1024} KB` : ''}`
  const command = (ports: Ports): Command => {
    const text =
      mode === 'http'
        ? nginxHttp(ports, options)
        : nginxStream(ports, dynamic ? modules : '', options)
    const file = save('nginx.conf', text)
    return { file: 'nginx', args: ['-p', join(file, '..'), '-c', file, '-e', 'stderr'] }
  }
  return { name, command: about !== undefined && usable ? command : undefined }
}

/** A C program that only copies bytes: what sockets cost whoever moves the bytes. */
export function floor(): Contender {
  const command = ({ port, backendPort }: Ports): Command => ({
    file: compile('floor'),
    args: [`${port}`, `${backendPort}`],
  })
  return { name: 'floor (C, bytes only)', command }
}

function resolvable(name: string): boolean {
  try {
    createRequire(import.meta.url).resolve(name)
    return true
  } catch {
    return false
  }
}
