/** "1 problem", "2 problems"; `many` where the word does not just end in "s". */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}
