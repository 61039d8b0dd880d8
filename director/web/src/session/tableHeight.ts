/** The height in pixels of a table of so many rows in a page that scrolls: ten and its head at most. */
export function tableHeight(rows: number): number {
  return (Math.min(rows, 10) + 1) * 45 + 2;
}
