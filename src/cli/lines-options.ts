import { type Command, Option } from 'commander'
import { lineLimitMostBytes } from '../codecs/lines.ts'
import type { Wire } from '../codecs/wire.ts'
import { type LinesOptions, linesDefaults } from '../proxy.ts'
import { duration, sizeWithin, whole, wireOption } from './options.ts'

/** What mode `lines` takes besides. */
export interface LinesFlags {
  readonly wire: Wire
  readonly resend?: boolean
  readonly activity?: boolean
  readonly messageLimit: number
  readonly messageTimeout: number
  readonly outstandingMax: number
  readonly backendConnectionsMax: number
}

export function withLinesOptions(command: Command): Command {
  return command
    .optionsGroup('Mode lines:')
    .addOption(wireOption())
    .option('--resend', 'messages are safe to repeat, should a backend die')
    .option('--activity', 'log each client, message and answer')
    .addOption(
      new Option('--message-limit <SIZE>', 'the longest message, and answer')
        .default(linesDefaults.messageLimitBytes)
        .argParser(sizeWithin(1, lineLimitMostBytes)),
    )
    .addOption(
      new Option('--message-timeout <TIME>', 'for the answer to a message; 0s: no limit')
        .default(linesDefaults.messageTimeoutMs, '60s')
        .argParser(duration(0)),
    )
    .addOption(
      new Option('--outstanding-max <N>', 'unanswered messages on a backend connection')
        .default(linesDefaults.outstandingMax)
        .argParser(whole(1, 10_000)),
    )
    .addOption(
      new Option('--backend-connections-max <N>', 'for each backend, and kind of message')
        .default(linesDefaults.backendConnectionsMax)
        .argParser(whole(1, 10_000)),
    )
}

/** The names of these flags. */
export const linesFlags: readonly string[] = [
  ...['wire', 'resend', 'activity', 'messageLimit', 'messageTimeout'],
  ...['outstandingMax', 'backendConnectionsMax'],
]

/** The options that the flags describe. */
export function linesOptionsOf(flags: LinesFlags): Partial<LinesOptions> {
  return {
    wire: flags.wire,
    resend: flags.resend === true,
    activity: flags.activity === true,
    messageLimitBytes: flags.messageLimit,
    messageTimeoutMs: flags.messageTimeout,
    outstandingMax: flags.outstandingMax,
    backendConnectionsMax: flags.backendConnectionsMax,
  }
}
