import type { Command, Help, Option } from 'commander'
import { exitCodesHelp } from './exit.ts'

const widthMax = 80

/** Gives `command` the help of the house: purpose, usage, `examples`, options by task, exit codes. */
export function withHelp(command: Command, examples: readonly string[]): Command {
  return command
    .helpOption('-h, --help', 'this text')
    .configureHelp({
      helpWidth: widthMax,
      optionDescription,
      subcommandTerm: (sub) => sub.name(),
      formatHelp: (shown, helper) => formatHelp(shown, helper, examples),
    })
    .configureOutput({ outputError: (text, write) => write(inOurWords(text)) })
    .showHelpAfterError(`see ${fullName(command)} --help`)
    .exitOverride()
}

function formatHelp(command: Command, helper: Help, examples: readonly string[]): string {
  const width = helper.padWidth(command, helper)
  const item = (term: string, text: string): string => helper.formatItem(term, width, text, helper)
  const sections = [
    helper.boxWrap(command.description(), widthMax),
    `Usage: ${helper.commandUsage(command)}`,
    ['Examples:', ...examples.map((example) => `  ${example}`)].join('\n'),
  ]
  const commands = helper
    .visibleCommands(command)
    .map((sub) => item(helper.subcommandTerm(sub), helper.subcommandDescription(sub)))
  if (commands.length > 0) sections.push(['Commands:', ...commands].join('\n'))
  for (const [heading, options] of byTask(helper.visibleOptions(command))) {
    const lines = options.map((o) => item(helper.optionTerm(o), helper.optionDescription(o)))
    sections.push([heading, ...lines].join('\n'))
  }
  const variables = command.options.flatMap(({ envVar }) => envVar ?? [])
  if (variables.length > 0) {
    const text = `Variables that stand for options not given: ${variables.join(', ')}`
    sections.push(helper.boxWrap(text, widthMax))
  }
  return `${[...sections, exitCodesHelp].join('\n\n')}\n`
}

function byTask(options: readonly Option[]): Map<string, Option[]> {
  const tasks = new Map<string, Option[]>()
  for (const option of options) {
    const heading = option.helpGroupHeading ?? 'Options:'
    tasks.set(heading, [...(tasks.get(heading) ?? []), option])
  }
  return tasks
}

function optionDescription({ description, defaultValue, defaultValueDescription }: Option): string {
  if (defaultValue === undefined || typeof defaultValue === 'boolean') return description
  return `${description} (default ${defaultValueDescription ?? defaultValue})`
}

function fullName(command: Command): string {
  return command.name() === 'piloti' ? 'piloti' : `piloti ${command.name()}`
}

/** Commander repeats flags and value around our own message, which names the value itself. */
function inOurWords(text: string): string {
  return text
    .replace(/^error: option '[^']*?(--[\w-]+)[^']*' argument '.*?' is invalid\. /s, 'piloti: $1: ')
    .replace(/^error: option '[^']*' value '.*?' from env '(\w+)' is invalid\. /s, 'piloti: $1: ')
    .replace(
      /^error: command-argument value '.*?' is invalid for argument '(\w+)'\. /s,
      'piloti: $1: ',
    )
    .replace(/^error: /, 'piloti: ')
}
