import type { Histogram } from '../base/histogram.ts'
import { boundsS, cumulative } from './cumulative.ts'

/** What `Exposition.text` is. */
export const contentType = 'text/plain; version=0.0.4; charset=utf-8'

/** Labels as they are written between braces; made by `labels`. */
export type LabelText = string

/** Series that share a name and what it means. */
export interface Family {
  add(labels: LabelText, value: number): void
}

export interface HistogramFamily {
  add(labels: LabelText, histogram: Readonly<Histogram>): void
}

/** How a line of a histogram goes on; to write a number takes long. */
const bounds = boundsS.map((boundS) => `le="${boundS}"}`)

/**
 * A page of metrics in the text format of Prometheus, 0.0.4.
 *
 * Each family stands where it was begun, with all its series, in whatever order they are added. A family without
 * series is left out.
 *
 * @see https://prometheus.io/docs/instrumenting/exposition_formats/
 */
export class Exposition {
  /** The lines of each family; the first two tell of it. */
  readonly #families: string[][] = []

  /** Begins a number that only grows; its name ends in `_total`. */
  counter(name: string, help: string): Family {
    return this.#family(name, help, 'counter')
  }

  /** Begins a number that goes up and down. */
  gauge(name: string, help: string): Family {
    return this.#family(name, help, 'gauge')
  }

  /** Begins counts of durations; its name ends in `_seconds`. */
  histogram(name: string, help: string): HistogramFamily {
    const lines = this.#begin(name, help, 'histogram')
    return {
      add(labels, histogram) {
        const comma = labels === '' ? '' : ','
        const counts = cumulative(histogram.buckets())
        const common = `${name}_bucket{${labels}${comma}`
        for (let i = 0; i < counts.length; i++) lines.push(`${common}${bounds[i]} ${counts[i]}`)
        lines.push(`${common}le="+Inf"} ${histogram.count}`)
        lines.push(lineOf(`${name}_sum`, labels, histogram.sumMs / 1_000))
        lines.push(lineOf(`${name}_count`, labels, histogram.count))
      },
    }
  }

  text(): string {
    const told = this.#families.filter(({ length }) => length > 2)
    return told.map((lines) => `${lines.join('\n')}\n`).join('')
  }

  #family(name: string, help: string, type: 'counter' | 'gauge'): Family {
    const lines = this.#begin(name, help, type)
    return {
      add(labels, value) {
        lines.push(lineOf(name, labels, value))
      },
    }
  }

  #begin(name: string, help: string, type: string): string[] {
    const about = help.replace(/[\\\n]/g, escaped)
    const lines = [`# HELP ${name} ${about}`, `# TYPE ${name} ${type}`]
    this.#families.push(lines)
    return lines
  }
}

/** Labels and their values, of which any text is one. */
export function labels(values: Readonly<Record<string, string>>): LabelText {
  return Object.entries(values)
    .map(([name, value]) => `${name}="${value.replace(/[\\\n"]/g, escaped)}"`)
    .join(',')
}

const lineOf = (name: string, labels: LabelText, value: number): string =>
  labels === '' ? `${name} ${numeral(value)}` : `${name}{${labels}} ${numeral(value)}`

/** Go reads what JavaScript writes, but for the infinite. */
function numeral(value: number): string {
  if (Number.isFinite(value) || Number.isNaN(value)) return String(value)
  return value > 0 ? '+Inf' : '-Inf'
}

const escaped = (char: string): string => (char === '\n' ? '\\n' : `\\${char}`)
