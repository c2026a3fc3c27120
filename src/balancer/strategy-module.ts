import { faultOf } from '../strategies/guarded.ts'

/**
 * Imports a strategy file: what its default export is, or makes.
 *
 * @param href of the file; another one imports it anew.
 * @param imported is called before the first of its functions.
 * @returns what should be a strategy, and what is wrong with it, for people; empty when nothing is.
 */
export async function importStrategy(
  href: string,
  imported: () => void = () => {},
): Promise<{ readonly own: unknown; readonly fault: string }> {
  let own: unknown
  try {
    own = unwrapped((await importModule(href)).default)
  } catch (error) {
    return { own, fault: messageOf(error) }
  }
  imported()
  try {
    if (typeof own === 'function') own = own()
  } catch (error) {
    return { own, fault: `its default export threw: ${messageOf(error)}` }
  }
  const fault = faultOf(own)
  return { own, fault: fault === '' ? '' : `its default export is no strategy: ${fault}` }
}

interface Module {
  readonly default?: unknown
}

async function importModule(href: string): Promise<Module> {
  const isTypeScript = /\.[cm]?ts\?/.test(href)
  // Node 20 does not read TypeScript by itself.
  const { typescript = false } = process.features as { typescript?: unknown }
  const isNative = typescript !== false
  if (!isTypeScript || isNative) return import(href)
  const { tsImport } = await import('tsx/esm/api')
  return tsImport(href, import.meta.url)
}

/** A folder that does not say what its modules are gets CommonJS, which wraps what it exports. */
function unwrapped(exported: unknown): unknown {
  const isWrapped = typeof exported === 'object' && exported !== null && 'default' in exported
  return isWrapped ? exported.default : exported
}

const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error)
