import { Command, Option } from 'commander'
import { type Address, formatAddress } from '../base/address.ts'
import type { Proxy } from '../proxy.ts'
import { type Children, startChildren } from './children.ts'
import { exitCodesHelp } from './exit.ts'
import { logOf, whole, withServerOptions } from './options.ts'
import { type ProxyFlags, startProxy, withProxyOptions } from './proxy.ts'
import { serveUntilSignal } from './serve.ts'

interface UpFlags extends ProxyFlags {
  readonly backends: number
  readonly firstPort: number
}

const examples = `
Examples:
  piloti up
  piloti up --backends 8 --strategy least-response-time
  piloti up --listen :9000 --first-port 6000
${exitCodesHelp}`

export function upCommand(): Command {
  const command = new Command('up')
    .summary('π backends and the proxy in one go: the demonstration')
    .description('Starts π backends, each a process of its own, and the proxy in front of them.')
    .addOption(
      new Option('-n, --backends <N>', 'how many π backends')
        .env('PILOTI_BACKENDS')
        .default(4)
        .argParser(whole(1, 256)),
    )
    .addOption(
      new Option(
        '--first-port <PORT>',
        'port of the first backend, the others follow; 0: any free ones',
      )
        .default(5_000)
        .argParser(whole(0, 65_000)),
    )
  return withServerOptions(withProxyOptions(command)).addHelpText('after', examples).action(up)
}

async function up(flags: UpFlags): Promise<void> {
  const log = logOf('up', flags)
  const { backends, firstPort } = flags
  const wanted = Array.from({ length: backends }, (_, index) => ({
    host: '127.0.0.1',
    port: firstPort === 0 ? 0 : firstPort + index,
  }))
  const children = await startChildren(wanted, ['--log-level', 'warn'], log)
  const proxy = await startInFront(children, flags)
  if (flags.json) console.log(JSON.stringify(listening(proxy, children)))
  else if (!flags.quiet) console.log(welcome(proxy.address, flags))
  serveUntilSignal({ view: () => proxy.view(), close: () => close(proxy, children, flags) }, log)
}

async function startInFront(children: Children, flags: ProxyFlags): Promise<Proxy> {
  try {
    const specs = children.addresses.map((address) => ({ address }))
    return await startProxy(specs, flags)
  } catch (error) {
    await children.close()
    throw error
  }
}

/** First the proxy, which still needs the backends for what is under way. */
async function close(proxy: Proxy, children: Children, { grace }: ProxyFlags): Promise<void> {
  await proxy.close(grace)
  await children.close()
}

function listening(proxy: Proxy, { addresses }: Children): object {
  const backends = addresses.map(formatAddress)
  return { event: 'listening', address: formatAddress(proxy.address), backends, pid: process.pid }
}

function welcome(address: Address, { backends, strategy, mode }: UpFlags): string {
  const where = formatAddress(address)
  const url = 'path' in address ? 'http://localhost' : `http://${where}`
  const curl = 'path' in address ? `curl --unix-socket ${address.path} ${url}` : `curl ${url}`
  return `
piloti is up: ${backends} backends behind ${where}, strategy ${strategy}, mode ${mode}

  ${curl}/100    π to 100 digits
  ${url}/1000        the same as a page, for a browser
  ./scripts/stress.sh                  100 requests by 5 clients, and who answered them

Ctrl-C stops everything.
`
}
