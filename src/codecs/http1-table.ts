/** How the lines of a section are kept: numbers in one table, so that reading a head makes no objects. */

/** Numbers a line takes: name from, name to, value from, value to, kind and mark. */
export const STRIDE = 5
/** Set in a line's last number when the line is not forwarded. */
export const LEFT_OUT = 0x100

/** What has been read of a section of field lines. */
export interface LineTable {
  table: Int32Array
  count: number
  /** Where the section ends, behind its empty line. */
  end: number
  /** Bit 1 << kind for each kind met, and for each met more than once. */
  seen: number
  twice: number
}
