import { type Command, Option } from 'commander'
import { type Address, parseAddress } from '../base/address.ts'
import { usage } from './options.ts'

/** Where a running piloti is steered, and with which token. */
export interface AdminFlags {
  readonly admin: Address | 'off'
  readonly adminToken?: string
}

const usual = '127.0.0.1:9901'

export function withAdminOptions(command: Command): Command {
  return command
    .optionsGroup('Steering:')
    .addOption(
      new Option('--admin <ADDR>', 'where piloti status, drain, reload … reach it, or off')
        .env('PILOTI_ADMIN')
        .default(parseAddress(usual), usual)
        .argParser((text) => (text === 'off' ? text : usage(() => parseAddress(text)))),
    )
    .addOption(tokenOption())
}

/** Adds where a running piloti is asked. */
export function withAskOptions(made: Command): Command {
  return made
    .optionsGroup('Options:')
    .addOption(
      new Option('--admin <ADDR>', 'where the running piloti is steered')
        .env('PILOTI_ADMIN')
        .default(parseAddress(usual), usual)
        .argParser((text) => usage(() => parseAddress(text))),
    )
    .addOption(tokenOption())
}

function tokenOption(): Option {
  return new Option(
    '--admin-token <TEXT>',
    'who has it may steer; needed if others can reach it',
  ).env('PILOTI_ADMIN_TOKEN')
}
