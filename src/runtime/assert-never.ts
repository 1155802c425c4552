/** Ends a switch over a union: the compiler proves it complete, and a stray value at run time fails loudly. */
export function assertNever(value: never): never {
  throw new TypeError(`Cannot handle unexpected value: ${JSON.stringify(value)}`);
}
