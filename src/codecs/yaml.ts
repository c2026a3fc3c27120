import {
  type Document,
  isAlias,
  isCollection,
  isMap,
  isScalar,
  isSeq,
  Lexer,
  LineCounter,
  type Pair,
  parseDocument,
  Scalar,
  type YAMLMap,
} from 'yaml'
import { shown } from '../base/printable.ts'
import { type Tree, without } from './yaml-tree.ts'

/** What is wrong with the text, before it means anything. */
export interface Fault {
  readonly offset: number
  readonly message: string
  readonly suggestion?: string
}

export interface Read {
  /** Undefined when the text is no YAML, or empty. */
  readonly tree: Tree | undefined
  readonly faults: readonly Fault[]
  /** Line and column of an offset, both from 1. */
  position(offset: number): { readonly line: number; readonly column: number }
}

/** Deeper than any sensible file; the parser of `yaml` is recursive. */
const depthMax = 64
/** How many values aliases may repeat in all: small files can describe huge ones. */
const repeatedMax = 10_000

/** Reads YAML 1.2 with anchors and merge keys, and finds where everything stands. Never throws. */
export function readYaml(source: string): Read {
  const text = source.replace(/^\u{feff}/u, '')
  const lines = new LineCounter()
  const end = text.trimEnd().length
  const position: Read['position'] = (offset) => {
    const { line, col } = lines.linePos(Math.min(offset, end))
    return { line, column: col }
  }
  const odd = tooDeep(text) ?? control(text)
  if (odd !== undefined) {
    for (const { index } of text.matchAll(/\n/g)) lines.addNewLine(index + 1)
    lines.lineStarts.unshift(0)
    return { tree: undefined, faults: [odd], position }
  }
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    // Its own check takes quadratic time; `unfold` looks as well.
    uniqueKeys: false,
    logLevel: 'error',
  })
  const faults: Fault[] = [...document.errors, ...document.warnings].map((fault) => ({
    offset: fault.pos[0],
    ...inOurWords(fault.code, fault.message, lineAt(text, fault.pos[0])),
  }))
  if (document.errors.length > 0) return { tree: undefined, faults: faults.slice(0, 1), position }
  const unfolding = new Unfolding(document, (offset) => position(offset).line)
  const whole = unfolding.root()
  if (unfolding.bomb !== undefined) return { tree: undefined, faults: [unfolding.bomb], position }
  const tree = whole && without(whole, unfolding.holes)
  faults.push(...unfolding.faults)
  return { tree, faults, position }
}

/** Of the lexer: where a document and a scalar begin, and where flow ends too soon. */
const marks = new Set(['\u0002', '\u0018', '\u001f'])

/** Flow collections by their brackets, block collections by indentation and what begins a line. */
function tooDeep(text: string): Fault | undefined {
  let offset = 0
  let flow = 0
  let inLine = 0
  for (const token of new Lexer().lex(text)) {
    if (token === '[' || token === '{') flow++
    else if (token === ']' || token === '}') flow = Math.max(0, flow - 1)
    else if (token === '-' || token === '?') inLine++
    else if (/^\r?\n/.test(token)) inLine = 0
    const isIndent = /^ +$/.test(token) && token.length > depthMax * 4 && text[offset - 1] === '\n'
    if (flow > depthMax || inLine > depthMax || isIndent) {
      return { offset, message: `this is nested deeper than ${depthMax} levels` }
    }
    if (!marks.has(token)) offset += token.length
  }
  return undefined
}

/** YAML 1.2, 5.1: what may not stand in a file. */
function control(text: string): Fault | undefined {
  const index = text.search(/(?![\t\n\r\u{85}])\p{Cc}|\u{fffd}/u)
  if (index === -1) return undefined
  if (text[index] === '\ufffd') return { offset: index, message: 'this is not UTF-8' }
  const code = text.charCodeAt(index).toString(16).padStart(2, '0')
  return { offset: index, message: `this holds the control character 0x${code}` }
}

function lineAt(text: string, offset: number): string {
  const from = text.lastIndexOf('\n', offset - 1) + 1
  const to = text.indexOf('\n', offset)
  return text.slice(from, to === -1 ? undefined : to)
}

const sentences: Readonly<Record<string, readonly [message: string, suggestion?: string]>> = {
  TAB_AS_INDENT: ['a tab indents this line', 'indent with spaces'],
  MULTIPLE_DOCS: ['another document begins here: one is wanted', "remove '---'"],
  BAD_ALIAS: ['this alias has no anchor before it'],
  TAG_RESOLVE_FAILED: ['this tag means nothing here', "remove what begins with '!'"],
  BAD_SCALAR_START: ['a text cannot begin with this character', 'put it in quotes'],
  BLOCK_AS_IMPLICIT_KEY: [
    'a second key begins in this line, or the next one is indented too far',
    "put a text that holds ': ' in quotes, and keys of one level below each other",
  ],
  MULTILINE_IMPLICIT_KEY: ["a ':' is missing after this key", 'write KEY: VALUE'],
  BLOCK_IN_FLOW: ['a bracket is not closed before this', "close it with ']' or '}'"],
  RESOURCE_EXHAUSTION: ['this is nested too deep'],
}

function inOurWords(code: string, said: string, line: string): Omit<Fault, 'offset'> {
  if (/\[[\da-f]*:[\da-f:.]*\]:\d/i.test(line) && code !== 'TAB_AS_INDENT') {
    return { message: "'[' begins a list", suggestion: "write '[::1]:80' in quotes" }
  }
  if (code === 'MISSING_CHAR') return { message: 'a quote is not closed before this' }
  if (code === 'BAD_INDENT' && /flow/i.test(said)) {
    return {
      message: 'a bracket is not closed before this',
      suggestion: "close it with ']' or '}'",
    }
  }
  const [message, suggestion] = sentences[code] ?? [`this is no YAML: ${said.toLowerCase()}`]
  return suggestion === undefined ? { message } : { message, suggestion }
}

type Node = unknown

/** Makes a tree of a document: aliases and merge keys become what they stand for, within bounds. */
class Unfolding {
  readonly faults: Fault[] = []
  /** What stands for nothing, because of a fault. */
  readonly holes = new Set<Tree>()
  /** Where aliases go beyond all bounds. */
  bomb: Fault | undefined
  readonly #document: Document
  readonly #lineOf: (offset: number) => number
  readonly #anchors = new Map<string, Node>()
  /** The nodes being unfolded, so that one in itself is noticed. */
  readonly #open = new Set<Node>()
  #aliasDepth = 0
  /** Of the alias that is being unfolded, as it stands in the text. */
  #aliasOffset = 0
  #repeated = 0

  constructor(document: Document, lineOf: (offset: number) => number) {
    this.#document = document
    this.#lineOf = lineOf
  }

  root(): Tree | undefined {
    const { contents } = this.#document
    return contents === null ? undefined : this.#unfold(contents, undefined)
  }

  #unfold(node: Node, keyOffset: number | undefined): Tree {
    const offset = offsetOf(node) ?? keyOffset ?? 0
    const place = keyOffset === undefined ? { offset } : { offset, keyOffset }
    const nothing: Tree = { ...place, content: { kind: 'scalar', value: null } }
    if (this.#aliasDepth > 0 && ++this.#repeated > repeatedMax) {
      this.bomb ??= {
        offset: this.#aliasOffset,
        message: `aliases repeat more than ${repeatedMax} values`,
      }
      return nothing
    }
    if (isAlias(node)) {
      const content = this.#dereferenced(node.source, offset, (target) => {
        return this.#unfold(target, undefined).content
      })
      if (content !== undefined) return { ...place, content }
      this.holes.add(nothing)
      return nothing
    }
    if (isScalar(node)) {
      if (node.anchor !== undefined && this.#aliasDepth === 0) this.#anchors.set(node.anchor, node)
      return { ...place, content: { kind: 'scalar', value: node.value } }
    }
    if (!isCollection(node)) return nothing
    if (node.anchor !== undefined && this.#aliasDepth === 0) this.#anchors.set(node.anchor, node)
    this.#open.add(node)
    const content: Tree['content'] = isSeq(node)
      ? { kind: 'list', items: node.items.map((item) => this.#unfold(item, undefined)) }
      : { kind: 'map', entries: isMap(node) ? this.#entries(node) : new Map() }
    this.#open.delete(node)
    return { ...place, content }
  }

  #entries(map: YAMLMap): Map<string, Tree> {
    const entries = new Map<string, Tree>()
    const merged = new Map<string, Tree>()
    for (const pair of map.items) {
      if (isMerge(pair)) this.#merge(pair.value, merged)
      else this.#take(pair, entries)
    }
    for (const [key, tree] of merged) if (!entries.has(key)) entries.set(key, tree)
    return entries
  }

  #take({ key, value }: Pair, entries: Map<string, Tree>): void {
    const keyOffset = offsetOf(key) ?? offsetOf(value) ?? 0
    if (!isScalar(key) || key.value === null) {
      this.faults.push({ offset: keyOffset, message: 'a key must be a text' })
      return
    }
    const name = String(key.source ?? key.value)
    const before = entries.get(name)
    const tree = this.#unfold(value, keyOffset)
    if (before === undefined) entries.set(name, tree)
    else if (this.#aliasDepth === 0) {
      const line = this.#lineOf(before.keyOffset ?? before.offset)
      const message = `'${shown(name)}' is here twice: line ${line} has it already`
      this.faults.push({ offset: keyOffset, message })
    }
  }

  /** What a merge key brings: of several maps, the first that has a key gives its value. */
  #merge(value: Node, merged: Map<string, Tree>): void {
    for (const source of isSeq(value) ? value.items : [value]) {
      const offset = offsetOf(source) ?? 0
      const take = (target: Node): void => {
        if (!isMap(target)) {
          this.faults.push({
            offset,
            message: "'<<' takes over the keys of a mapping, and of no other",
          })
          return
        }
        const { content } = this.#unfold(target, undefined)
        if (content.kind !== 'map') return
        for (const [key, tree] of content.entries) if (!merged.has(key)) merged.set(key, tree)
      }
      if (isAlias(source)) this.#dereferenced(source.source, offset, take)
      else take(source)
    }
  }

  #dereferenced<T>(name: string, offset: number, use: (target: Node) => T): T | undefined {
    const target = this.#anchors.get(name)
    if (target === undefined) {
      this.faults.push({
        offset,
        message: `'*${shown(name)}' has no anchor '&${shown(name)}' before it`,
      })
      return undefined
    }
    if (this.#open.has(target)) {
      this.faults.push({ offset, message: `'*${name}' stands within what it means` })
      return undefined
    }
    if (this.#aliasDepth === 0) this.#aliasOffset = offset
    this.#aliasDepth++
    const result = use(target)
    this.#aliasDepth--
    return result
  }
}

function isMerge({ key }: Pair): boolean {
  return isScalar(key) && key.source === '<<' && key.type === Scalar.PLAIN
}

function offsetOf(node: Node): number | undefined {
  const range = (node as { range?: readonly number[] | null } | null)?.range
  return range?.[0]
}
